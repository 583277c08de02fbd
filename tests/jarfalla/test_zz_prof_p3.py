import time,collections,sys,cProfile,pstats,io
from tests.jarfalla import test_import_fuzz as f
from tests.jarfalla.test_import_fuzz import portal
import pytest
from django.db import transaction
from units.models import ListImport
@pytest.mark.django_db
def test_prof(portal):
  with open("/tmp/p3/prof2.out","w") as out:
    for kind in ("completions","staff"):
        pr=cProfile.Profile(time.process_time)
        for n in range(12):
            t=time.process_time(); w=time.time()
            with transaction.atomic():
                pr.enable()
                r=f.send_through(portal,kind,*f.damaged(f.Sort(kind,"csv"),n))
                pr.disable()
                k=ListImport.objects.first()
                if n in (2,3,5): print(k and list(k.rows.values_list("line","verdict","reason","data","column")),file=out)
                transaction.set_rollback(True)
            print(kind,n,r,round(time.process_time()-t,3),round(time.time()-w,2),file=out,flush=True)
        s=io.StringIO(); pstats.Stats(pr,stream=s).sort_stats("cumtime").print_stats(60); print(s.getvalue(),file=out,flush=True)
