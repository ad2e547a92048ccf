addEventListener("DOMContentLoaded",()=>{
let d=document,q=s=>d.querySelector(s),o=q("[data-open]"),c=q("[data-clock]"),l=q("[data-left]"),f=q("[method=post]"),p=q("[data-now]"),w=q("[data-say]"),y=q(".say"),b=q("[data-begin]"),t0=Date.now(),n=0,sent,h,seen=()=>!d.hidden&&!d.prerendering,go=u=>location.replace(u),again=()=>go(p?p.dataset.here:location);
function open(){clearTimeout(h);
if(!sent&&seen())h=setTimeout(()=>{b?top==self&&b.submit():navigator.sendBeacon(o.dataset.open,new URLSearchParams({t:o.dataset.t}));sent=1},800)}
async function now(){let e=p.dataset;if(seen()&&(n++<120||e.turns&&n%5==0))try{let r=await fetch(e.now),[m,x]=(await r.text()).split("\n");if(r.ok){if(m!=e.mark)again();if(x)q(".qr path").setAttribute("d",x)}}catch{}}
function both(){n=0;if(o||b)open();if(p)now()}
d.addEventListener("visibilitychange",both);d.addEventListener("prerenderingchange",both);if(o||b)open();if(p)setInterval(now,5e3);
function tick(){let past=(Date.now()-t0)/1e3|0;
if(c){let s=(+c.dataset.clock+past)%86400;c.textContent=[s/3600,s/60%60,s%60].map(n=>String(n|0).padStart(2,0)).join(":");if(past>=c.dataset.gone)go(c.dataset.then)}
if(l){let s=l.dataset.left-past,m=s/60|0,e=l.dataset,v=e["s"+s],x=s<60?s+" "+e.s:(m>59?(m/60|0)+" "+e.h+" ":"")+m%60+" "+e.m;if(s<=0)again();else if(l.textContent!=x)l.textContent=x;if(v&&y)y.textContent=v}}
if(w)setTimeout(()=>y.textContent=w.textContent,500);
if(c||l){tick();setInterval(tick,1e3)}
if(f)f.onsubmit=()=>f.gone?!1:f.gone=!0;
addEventListener("pageshow",e=>e.persisted&&again())});
