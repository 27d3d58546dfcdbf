import json,time,sys
import pytest
from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext
from django.core.handlers.wsgi import WSGIHandler
from io import BytesIO
from tests.catalogue.making import curated, schedule
from tests.doors.partner_api.partner import Partner, BASE
from tests.market.making import award, code_sent
from tests.partners.making import AT, organisation
from bekal.partners.queries import forget_credentials
@pytest.mark.django_db
def test_cpu(clock_at):
    forget_credentials(); clock_at(AT)
    p=Partner.of(organisation("platform","DP-1"))
    schedule(curated(organisation().id),seats=500)
    for i in range(1,61): award(i)
    from django.core.signals import request_started, request_finished
    from django.db import close_old_connections
    request_started.disconnect(close_old_connections); request_finished.disconnect(close_old_connections)
    app=WSGIHandler()
    def call(name,body,auth=""):
        path=BASE+name; b=json.dumps(body).encode()
        h=p.headers(path,b,auth)
        env={"REQUEST_METHOD":"POST","PATH_INFO":path,"SCRIPT_NAME":"","SERVER_NAME":"localhost","SERVER_PORT":"8000","HTTP_HOST":"localhost:8000","wsgi.input":BytesIO(b),"CONTENT_LENGTH":str(len(b)),"CONTENT_TYPE":"application/json","wsgi.url_scheme":"http","wsgi.errors":sys.stderr,"QUERY_STRING":"","SERVER_PROTOCOL":"HTTP/1.1"}
        for k,v in h.items(): env["HTTP_"+k.upper().replace("-","_")]=v
        st=[]
        out=b"".join(app(env,lambda s,h:st.append(s)))
        return st[0],json.loads(out)
    T={}
    def timed(name,*a):
        t=time.process_time(); r=call(name,*a); T.setdefault(name,[]).append(time.process_time()-t); return r
    for i in range(1,61):
        s,r=timed("payment/send-otp",{"prakerja_id":f"{i:016}","user_platform_id":f"u{i}","amount":700000,"course_code":"TR-1","schedule_code":"SCH-TR-1"})
        assert s.startswith("200"),r
        otp=code_sent(__import__("uuid").UUID(hex=r["data"]["payment_token"][:32]))
        s,r=timed("payment/authorize",{"otp":otp,"invoice_code":f"I{i}","invoice_url":"x"},"Payment "+r["data"]["payment_token"])
        assert s.startswith("200"),r
        s,r=timed("payment/status",{"invoice_code":f"I{i}"}); assert s.startswith("200")
        timed("payment/quota-schedule",{"course_code":"TR-1","schedule_code":"SCH-TR-1"})
    for n,v in T.items():
        v=sorted(v[5:]); print("CPU",n,"median ms",round(1000*v[len(v)//2],2),"p90",round(1000*v[int(len(v)*.9)],2))
    def q(name,*a):
        with CaptureQueriesContext(connection) as c: r=call(name,*a)
        print("Q",name,len(c)); return r,c
    award(77)
    (s,r),c=q("payment/send-otp",{"prakerja_id":f"{77:016}","user_platform_id":"u77","amount":700000,"course_code":"TR-1","schedule_code":"SCH-TR-1"})
    for x in c: print("   ",x["sql"][:110].replace("\n"," "))
    (s,r),c=q("payment/authorize",{"otp":code_sent(__import__("uuid").UUID(hex=r["data"]["payment_token"][:32])),"invoice_code":"I77","invoice_url":"x"},"Payment "+r["data"]["payment_token"])
    for x in c: print("   ",x["sql"][:110].replace("\n"," "))
    q("payment/status",{"invoice_code":"I77"})
