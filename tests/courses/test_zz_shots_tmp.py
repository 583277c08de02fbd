import os, pytest
from playwright.sync_api import sync_playwright
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]="1"
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.conf import settings as S
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from courses import actions
from jarfalla import clock
from units.models import MembershipRole, User

OUT="/tmp/courses_shots"
NAMES=["Åsa Lind","Erik Öberg","Fatima Hassan","Maria Johansson","Ali Rahimi","Karin Svensson","Johan Nyström","Leila Demir","Ulla-Britt Andersson-Karlsson","Peter Holm","Sara Ek","Nils Ask","Amina Yusuf"]

@pytest.mark.django_db(transaction=True)
def test_shots(live_server, unit, manager, member, coordinator, sign_in):
    for n in NAMES: factories.staff(unit, name=n)
    people=list(User.objects.filter(name__in=NAMES))
    rows.crew(unit,0)
    rows.session(unit, members=people[:5], headcount=2, on=clock.today()-12*DAY)
    rows.taken(unit, people[5:7], clock.today()-3*DAY)
    big=factories.taking_part(factories.unit(name="Stora gymnasiet"))
    ps=User.objects.bulk_create(User(email=f"p{n}@example.org", name=f"Person Efternamn {n:03}") for n in range(400))
    big.memberships.bulk_create(big.memberships.model(unit=big,user=p) for p in ps)
    empty=factories.taking_part(factories.unit(name="Nya fritidsgården"))
    two=factories.taking_part(factories.unit(name="Kastanjens äldreboende"))
    r2=rows.past_step_1(two, coordinator)
    rows.training(r2, by=coordinator, days=-2, title="Heder i omsorgen")
    t2=rows.training(r2, by=coordinator, days=20, title="Samtal med anhöriga")
    x=rows.training(r2, by=coordinator, days=-20, title="Inställd utbildning"); actions.cancel_training(x, reason="Ledaren blev sjuk", by=coordinator)
    r1=factories.open_round(unit)
    h=rows.training(r1, by=coordinator, days=-6, title="Heder i förskolan"); actions.hold_training(h, on=clock.today()-6*DAY, attended=9, by=coordinator)
    pend=rows.training(r1, by=coordinator, days=-1, title="Barns rättigheter")
    actions.seed_materials()
    done=factories.taking_part(factories.unit(name="Klara förskolan")); rows.past_step_1(done, coordinator)
    met=factories.taking_part(factories.unit(name="Mötta förskolan")); rows.covered_round(met)
    pages=[("manager",manager,reverse("step_1",args=[unit.slug])),("member",member,reverse("step_1",args=[unit.slug])),
     ("coord-big",coordinator,reverse("step_1",args=[big.slug])),("coord-empty",coordinator,reverse("step_1",args=[empty.slug])),
     ("coord-met",coordinator,reverse("step_1",args=[met.slug])),("coord-done",coordinator,reverse("step_1",args=[done.slug])),
     ("coord-step2",coordinator,reverse("step_2",args=[two.slug])),("coord-step2-waits",coordinator,reverse("step_2",args=[unit.slug])),("manager-step2",manager,reverse("step_2",args=[unit.slug])),
     ("coord-trainings",coordinator,reverse("trainings")),("coord-training",coordinator,reverse("training",args=[pend.pk])),("manager-training",manager,reverse("training",args=[h.pk])),
     ("member-materials",member,reverse("materials"))]
    with sync_playwright() as pw:
        b=pw.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox","--disable-gpu","--disable-background-networking","--disable-component-update","--disable-sync","--no-first-run"])
        for width in (1280,360):
            for name,user,path in [p for p in pages if p[0] in ("coord-trainings","coord-empty","coord-training","manager-step2","manager")]:
                ctx=b.new_context(viewport={"width":width,"height":800}, locale="sv-SE")
                c=sign_in(user)
                ctx.add_cookies([{"name":S.SESSION_COOKIE_NAME,"value":c.cookies[S.SESSION_COOKIE_NAME].value,"url":live_server.url}])
                pg=ctx.new_page(); pg.on("console", lambda m: print("CONSOLE", name, m.text)); pg.on("pageerror", lambda m: print("ERR", name, m))
                pg.goto(live_server.url+path)
                if name=="manager" and width==360:
                    pg.locator("#grupptraff").get_by_role("button", name="Markera alla som visas").click()
                    pg.fill("#id_headcount","30"); pg.click("text=Registrera gruppträffen")
                if name=="manager" and width==1280: pg.click("summary:has-text('egen hand'), summary:has-text('Registrera en eller')"); pg.locator("summary:has-text('Återta')").first.click()
                over=pg.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over>0: print("OVERFLOW", name, width, over)
                pg.screenshot(path=f"{OUT}/{name}-{width}.png", full_page=True)
                res=Axe().run(pg)
                if res.violations_count: print("AXE", name, width, res.generate_report())
                ctx.close()
        b.close()
