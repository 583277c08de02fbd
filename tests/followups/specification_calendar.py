"""The calendar that reminders follow, written for the specification: in plain Python, from the almanac."""

import calendar
import datetime as dt

Day = dt.date
ONE = dt.timedelta(days=1)

SV, EN = 0, 1
WEEKDAYS = (
    ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
MONTHS = (
    "januari februari mars april maj juni juli augusti september oktober november december",
    "January February March April May June July August September October November December",
)


def months_after(day: Day, months: int) -> Day:
    """Calendar months later; the last day of the month where the month is too short."""
    ahead = day.year * 12 + day.month - 1 + months
    year, month = ahead // 12, ahead % 12 + 1
    return Day(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def written(day: Day, language: int) -> str:
    """A day with its weekday."""
    return f"{WEEKDAYS[language][day.weekday()]} {day.day} {MONTHS[language].split()[day.month - 1]}"


def easter(year: int) -> Day:
    """Easter Sunday, by the rule of Meeus, Jones and Butcher."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return Day(year, month, day + 1)


def days_off(year: int) -> set[Day]:
    """The Swedish public holidays, and the eves that everybody has off."""
    sunday = easter(year)
    midsummer_eve = next(Day(year, 6, day) for day in range(19, 26) if Day(year, 6, day).weekday() == 4)
    first, last = Day(year, 10, 31), 7
    all_saints = next(first + number * ONE for number in range(last) if (first + number * ONE).weekday() == 5)
    fixed = [(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)]
    return {
        *(Day(year, month, day) for month, day in fixed),
        sunday - 2 * ONE,  # långfredagen
        sunday,
        sunday + ONE,  # annandag påsk
        sunday + 39 * ONE,  # Kristi himmelsfärds dag
        sunday + 49 * ONE,  # pingstdagen
        midsummer_eve,
        midsummer_eve + ONE,
        all_saints,
    }


def works(day: Day, quiet: list[tuple[int, int, int, int]]) -> bool:
    """Whether reminders are written on that day."""
    if day.weekday() >= 5 or day in days_off(day.year):
        return False
    for month_1, day_1, month_2, day_2 in quiet:
        inside = (month_1, day_1) <= (day.month, day.day) <= (month_2, day_2)
        around = (month_1, day_1) > (month_2, day_2) and (
            (day.month, day.day) >= (month_1, day_1) or (day.month, day.day) <= (month_2, day_2)
        )
        if inside or around:
            return False
    return True
