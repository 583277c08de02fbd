import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jarfalla.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
import pytest
from playwright.sync_api import sync_playwright
from tests import factories
from units.models import Kind

@pytest.mark.django_db(transaction=True)
def test_shots(live_server, coordinator, sign_in, tmp_path):
    for name in ("Fältarna", "Stället"):
        factories.unit(name=name)
    bad = tmp_path / "lista-med-fel.csv"
    bad.write_text("namn;verksamhetstyp;huvudman;antal anställda;rektor\nA;Förskola;;12;x\nfältarna;Socialtjänst;;;\n;Dagis;Privat;många;\nB 850709-9805;Förskola\nSkolan med det ovanligt långa namnet på en förskola i Jakobsberg;Arbetsmarknad och integration;Kommunalt bolag;30;\n")
    real = os.path.abspath("static/exempel/enheter-jarfalla.csv")
    cookie = sign_in(coordinator).cookies["sessionid"].value
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox","--disable-gpu","--disable-background-networking","--disable-component-update","--disable-sync","--no-first-run"])
        for w in (1280, 360):
            c = b.new_context(viewport={"width": w, "height": 900})
            c.add_cookies([{"name":"sessionid","value":cookie,"url":live_server.url}])
            page = c.new_page()
            errs=[]; page.on("console", lambda m: errs.append(m.text) if m.type=="error" else None)
            def shot(n):
                page.screenshot(path=f"/tmp/imports-help/{n}-{w}.png", full_page=True)
                print(n, w, page.title(), "overflow", page.evaluate("document.documentElement.scrollWidth - innerWidth"))
                from axe_playwright_python.sync_playwright import Axe
                r = Axe().run(page)
                print(r.violations_count, [v["id"] for v in r.response["violations"]])
            page.goto(live_server.url + "/enheter/importera/"); shot("form")
            page.click("main form button"); shot("form-error")
            page.set_input_files("input[type=file]", str(bad)); page.click("main form button"); shot("bad")
            page.goto(live_server.url + "/enheter/importera/")
            page.set_input_files("input[type=file]", real); page.click("main form button"); shot("real")
            if w == 360:
                page.click("main form button"); shot("done"); page.go_back(); page.reload(); shot("after")
            print(errs)
        b.close()
