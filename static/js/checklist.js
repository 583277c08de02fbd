/* Long lists of names: a search field, "mark all", a count, and the keyboard. Without this all names are simply there.

   In the search field: Enter or arrow down goes to the first name that shows. In the list: the arrows, Home and End move,
   Space ticks (the browser's own), letters move to the next name that begins with them, Escape goes back to an empty
   search field. */
const TYPING_PAUSE = 900; // ms; letters that follow faster belong to one word
const POLITE_PAUSE = 400; // ms; a screen reader is told the count when the fingers rest

const plain = (text) => text.trim().toLocaleLowerCase("sv");

for (const list of document.querySelectorAll(".checklist")) {
  const items = [...list.querySelectorAll(".form-check")].map((row) => {
    const name = plain(row.textContent);
    return { row, box: row.querySelector("input"), name, parts: name.split(/[\s(-]+/) };
  });
  const search = list.querySelector("input[type=search]");
  const part = (name) => list.querySelector(`[data-${name}]`);
  const showing = () => items.filter((item) => !item.row.hidden);

  let waiting;
  const say = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const shown = showing().length;
      part("chosen").textContent = items.filter((item) => item.box.checked).length;
      part("shown").textContent = shown;
      part("narrowed").hidden = shown === items.length;
    }, POLITE_PAUSE);
  };

  // Each word that is typed must begin one of the names, in any order: "lin petra" finds Petra Lind and not Petra Ahlin.
  // Where that finds nobody, the words may stand anywhere.
  const narrow = () => {
    const words = plain(search.value).split(/\s+/);
    const begins = (item) => words.every((word) => item.parts.some((name) => name.startsWith(word)));
    const holds = (item) => words.every((word) => item.name.includes(word));
    const fits = items.some(begins) ? begins : holds;
    for (const item of items) item.row.hidden = !fits(item);
    say();
  };

  const mark = (checked) => {
    for (const item of showing()) item.box.checked = checked;
    say();
  };

  const goTo = (item) => item?.box.focus();

  let typed = "";
  let lastTyped = 0;
  const goToName = (letter, from) => {
    const now = performance.now();
    typed = now - lastTyped > TYPING_PAUSE ? letter : typed + letter;
    lastTyped = now;
    const shown = showing();
    // One letter again goes on to the next; more letters stay where they fit.
    const start = shown.indexOf(from) + (typed.length === 1 ? 1 : 0);
    goTo([...shown.slice(start), ...shown.slice(0, start)].find((item) => item.name.startsWith(typed)));
  };

  search.addEventListener("input", narrow);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault(); // Enter must not send the form half filled
      goTo(showing()[0]);
    } else if (event.key === "Escape") {
      search.value = "";
      narrow();
    }
  });

  list.querySelector(".checklist__items").addEventListener("keydown", (event) => {
    const shown = showing();
    const at = shown.findIndex((item) => item.box === event.target);
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 };
    if (event.key in steps) {
      goTo(shown[steps[event.key]]);
    } else if (event.key === "Escape") {
      search.value = "";
      narrow();
      search.focus();
    } else if (event.key.length === 1 && event.key !== " ") {
      goToName(plain(event.key), shown[at]);
    } else if (event.key !== "Enter") {
      return; // Enter on a name must not send the form either
    }
    event.preventDefault();
  });

  for (const button of list.querySelectorAll("[data-mark]")) {
    button.addEventListener("click", () => mark(button.dataset.mark === "all"));
  }
  list.addEventListener("change", say);

  part("all").textContent = items.length;
  part("chosen").textContent = items.filter((item) => item.box.checked).length;
  list.querySelector(".checklist__search").hidden = items.length <= 10;
  list.querySelector(".checklist__tools").hidden = false;
}
