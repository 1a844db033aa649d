-- A live sender that does not fill the machine: 4 ms between an answer and its next webhook.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":"evt_1","pad":"' .. string.rep("x", 1000) .. '"}'
function delay()
	return 4
end
