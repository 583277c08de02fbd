import datetime as dt, os
import pytest
from playwright.sync_api import sync_playwright
from tests import factories
from tests.conftest import *
from tests.followups import stages
from followups.actions import record_follow_up, sweep
from followups.models import Decision, Promise
from jarfalla import clock
from units.models import MembershipRole, Message
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

@pytest.mark.django_db(transaction=True)
def test_shots(live_server, unit, coordinator, manager, member, sign_in, settings):
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    names = ["Solstrålens förskola", "Björkskolan", "Fritidsgården Tornet", "Järfällahus", "Kvarnskolan", "Viksjö bibliotek"]
    days = [stages.overdue(), stages.closing(), stages.due(), stages.due(), stages.upcoming(), stages.upcoming()]
    for n, d in zip(names, days):
        u = factories.taking_part(factories.unit(name=n)); factories.staff(u, name="Anna Andersson", role=MembershipRole.MANAGER)
        r = stages.routines_done(u, d)
    r = stages.routines_done(unit, stages.due())
    record_follow_up(r, held_on=stages.ago(months=2), decision=Decision.MORE_SUPPORT, by=coordinator, routines_used="Rutinerna står i verksamhetsplanen och gås igenom varje termin.\nAlla vet var de finns.", effect="Personalen känner sig tryggare i att ställa frågor.", needs="Mer stöd i samtal med vårdnadshavare.",
        support_actions=[Promise("Handledning i arbetslaget om samtal med vårdnadshavare", "Sam Samordnare", clock.today()-dt.timedelta(days=5)), Promise("Boka ny genomgång av rutinen på studiedagen", "Cia Chef", clock.today()+dt.timedelta(days=40))])
    from followups.actions import complete_support_action
    from followups.models import SupportAction
    sweep(clock.today())
    for m in Message.objects.filter(key__startswith="follow_up_"):
        open(f"/tmp/var-followups/shots/{m.key.split(':')[0]}.html","w").write(m.html); open(f"/tmp/var-followups/shots/{m.key.split(':')[0]}.txt","w").write(m.subject+"\n\n"+m.text)
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"])
        for who, user in (("coordinator", coordinator), ("manager", manager), ("member", member)):
            c = sign_in(user)
            cookie = c.cookies["sessionid"].value
            for w in (1280, 360):
                ctx = b.new_context(viewport={"width": w, "height": 900})
                ctx.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
                page = ctx.new_page()
                def shot(name):
                    page.screenshot(path=f"/tmp/var-followups/shots/{name}-{who}-{w}.png", full_page=True)
                    sw = page.evaluate("document.documentElement.scrollWidth")
                    if sw > w: print("OVERFLOW", name, who, w, sw)
                page.goto(live_server.url + "/enheter/tallbackens-forskola/steg-4/"); shot("step4")
                if who != "member":
                    page.goto(live_server.url + "/uppfoljningar/"); shot("list")
                if who == "coordinator":
                    page.goto(live_server.url + "/enheter/viksjo-bibliotek/steg-4/")
                    page.check("input[name=decision][value=more_support]")
                    page.fill("[name=support_2_what]", "Handledning")
                    page.click("text=Spara uppföljningen"); shot("errors")
                    page.goto(live_server.url + "/enheter/viksjo-bibliotek/steg-4/")
                    page.check("input[name=decision][value=done]")
                    page.click("text=Spara uppföljningen"); shot("early")
                    from axe_playwright_python.sync_playwright import Axe
                    for path in ("/uppfoljningar/", "/enheter/tallbackens-forskola/steg-4/"):
                        page.goto(live_server.url + path)
                        r = Axe().run(page)
                        for v in r.response["violations"]: print(path, w, v["id"], [n["html"][:200] for n in v["nodes"]])
        b.close()
