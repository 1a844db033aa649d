-- A 1 KiB JSON webhook, as wrk's request.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":"evt_1","pad":"' .. string.rep("x", 1000) .. '"}'
