-- A company with :leads leads and :deeds activities, made inside PostgreSQL. Into a fresh, migrated database only.
-- psql -v leads=1000000 -v deeds=10000000 -f bench/rescore_fill.sql
SET synchronous_commit=off;
INSERT INTO leads_company(name, domain, industry, employees, revenue, currency, country, city, created_at)
 SELECT 'Company '||i, 'c'||i||'.example', (ARRAY['Software','Retail','Finance','Healthcare','Manufacturing','Education'])[1+i%6],
  (ARRAY[3,12,45,80,220,900,4000])[1+i%7], 1000000, 'USD', (ARRAY['Germany','France','United States','India'])[1+i%4], '', now()-interval '1 year'
 FROM generate_series(1,100000) i;
INSERT INTO leads_lead(token,email,email_key,first_name,last_name,phone,job_title,persona,language,country,city,company_id,source,campaign,first_touch,last_touch,consent_email,custom,created_at,updated_at)
 SELECT gen_random_uuid(), 'p'||i||'@c'||(1+i%100000)||'.example','p'||i||'@c'||(1+i%100000)||'.example','First'||i%5000,'Last'||i%20000,
  CASE WHEN i%3=0 THEN '+4930'||i ELSE '' END,(ARRAY['CEO','Head of Sales','Developer','Student','VP Marketing','Marketing Manager','Analyst','Director of IT'])[1+i%8],'','en',
  (ARRAY['Germany','France','United States','India'])[1+i%4],'', (SELECT min(id) FROM leads_company)+i%100000,
  (ARRAY['google','linkedin','newsletter','event','direct'])[1+i%5],'', '{}','{}', i%2=0,'{}', now()-random()*interval '300 days', now()
 FROM generate_series(1, :leads) i;
INSERT INTO leads_standing(lead_id,stage_id,stage_since,seq,cycle,source,fit,engagement,score,grade,reason)
 SELECT id,(SELECT id FROM funnels_stage WHERE key='awareness'),created_at,1,1,source,0,0,0,'','' FROM leads_lead;
INSERT INTO funnels_transition(kind,traveller_id,seq,cycle,to_stage_id,at,cause,note)
 SELECT 1,lead_id,1,1,stage_id,stage_since,'captured','' FROM leads_standing;
INSERT INTO leads_activity(lead_id,kind,at,recorded_at,properties,key,bot)
 SELECT (SELECT min(id) FROM leads_lead)+floor(random()*random()*:leads)::int,
  (ARRAY['page_viewed','page_viewed','page_viewed','page_viewed','page_viewed','page_viewed','page_viewed','email_sent','email_sent','email_opened','email_opened','email_opened','email_clicked','email_clicked','pricing_viewed','form_submitted','asset_downloaded','webinar_attended','note','demo_requested'])[1+floor(random()*20)::int],
  t, t,'{}', 'k'||i, CASE WHEN random()<0.05 THEN 2 WHEN random()<0.03 THEN 1 ELSE 0 END
 FROM (SELECT i, now()-(:deeds-i)*(interval '174 days' / :deeds) t FROM generate_series(1, :deeds) i) x;
INSERT INTO leads_lastactive(lead_id,at) SELECT lead_id,max(at) FROM leads_activity GROUP BY 1;
VACUUM ANALYZE;
