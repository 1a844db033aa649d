// The command line as shared/DESIGN.md §10 fixes it: what scripts and outside tests rely on.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const FIELDS = ['id', 'event_id', 'received_at', 'tunnel', 'method', 'target', 'path', 'peer', 'provider', 'event_type', 'signature', 'state', 'status',
	'duration_ms', 'attempts', 'request_bytes', 'response_bytes', 'origin', 'replay_of'];

function checkDelivery(d) {
	assert.match(d.event_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	assert.match(d.received_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
	assert.ok(Math.abs(Date.now() - Date.parse(d.received_at)) < 600_000);
	assert.ok(['valid', 'invalid', 'none', 'unknown'].includes(d.signature));
}

describe('list, show, replay', () => {
	let road;
	before(async () => {
		road = await openRoad({ name: 'cli', answer: (request, socket) => {
			const body = `answer to ${request.target}`;
			socket.write(`HTTP/1.1 ${request.target === '/bad' ? 422 : 200} X\r\nX-App: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
		} });
		for (const target of ['/first?a=1', '/bad', '/third']) await post(road.relay.port, `/cli${target}`, `body of ${target}`);
		await road.w.recorded((r) => r.target === '/third' && r.state === 'delivered');
		await road.w.recorded((r) => r.target === '/bad' && r.state === 'failed');
	});
	after(() => road?.w.close());
	const out = async (...args) => (await road.w.creelOut(args)).toString('utf8');

	it('list --json: one object a line, the fields of the contract, newest last', async () => {
		const rows = await road.w.list();
		assert.deepEqual(rows.map((r) => r.target), ['/first?a=1', '/bad', '/third']);
		for (const row of rows) {
			assert.deepEqual(Object.keys(row), FIELDS);
			checkDelivery(row);
		}
		const [first, bad] = rows;
		assert.deepEqual({ ...first, event_id: 0, received_at: 0, duration_ms: 0, peer: 0 }, {
			id: 1, event_id: 0, received_at: 0, tunnel: 'cli', method: 'POST', target: '/first?a=1', path: '/first', peer: 0, provider: null, event_type: null,
			signature: first.signature, state: 'delivered', status: 200, duration_ms: 0, attempts: 1, request_bytes: 18, response_bytes: 20, origin: 'live', replay_of: null,
		});
		assert.equal(typeof first.duration_ms, 'number');
		assert.match(first.peer, /^127\.0\.0\.1/);
		assert.equal(bad.state, 'failed');
		assert.equal(bad.status, 422);
	});

	it('list -n N: the newest N, newest last', async () => {
		assert.deepEqual((await road.w.list(2)).map((r) => r.target), ['/bad', '/third']);
	});

	it('list for people: a line a delivery with method, path and status', async () => {
		const lines = (await out('list')).trim().split('\n');
		assert.match(lines.at(-1), /POST.*\/third/);
		assert.match(lines.at(-1), /200/);
		assert.ok(!(await out('list')).includes('\x1b'), 'no colours into a pipe');
	});

	it('list of an empty store: nothing, exit 0; a person is told what that means', async () => {
		const road2 = await openRoad();
		const said = async (args) => { const r = await road2.w.creel(args); return [r.code, r.text, r.err]; };
		assert.deepEqual(await said(['list', '--json']), [0, '', '']);
		assert.deepEqual(await said(['list']), [0, '', 'creel: nothing is on record yet; `creel listen` records what arrives\n']);
		await road2.w.endsCleanly();
		await road2.w.close();
	});

	it('show: by id, #id, event id and its beginning', async () => {
		const [row] = await road.w.list();
		for (const id of ['1', '#1', row.event_id, row.event_id.toUpperCase()]) assert.equal(JSON.parse(await out('show', id, '--json')).id, 1);
		const third = (await road.w.list()).at(-1);
		assert.equal(JSON.parse(await out('show', third.event_id.slice(0, 30), '--json')).id, third.id);
	});

	it('show --json: the fields of list, and request and response', async () => {
		const shown = JSON.parse(await out('show', '1', '--json'));
		assert.deepEqual(Object.keys(shown).slice(0, FIELDS.length), FIELDS);
		assert.deepEqual(shown.request.headers, [['Host', 'localhost'], ['Content-Length', '18']]);
		assert.equal(shown.request.body, 'body of /first?a=1');
		assert.deepEqual(shown.response.headers.slice(0, 2), [['X-App', '1'], ['Content-Length', '20']]);
		assert.equal(shown.response.body, 'answer to /first?a=1');
	});

	it('show for people: request and response with bodies', async () => {
		const text = await out('show', '1');
		for (const part of ['POST', '/first?a=1', 'Content-Length: 18', 'body of /first?a=1', '200', 'answer to /first?a=1']) assert.ok(text.includes(part), `${part} in\n${text}`);
	});

	it('show --request|--response --headers|--body', async () => {
		assert.equal(await out('show', '1', '--body'), 'body of /first?a=1');
		assert.equal(await out('show', '1', '--response', '--body'), 'answer to /first?a=1');
		assert.match(await out('show', '1', '--response', '--headers'), /X-App: 1/);
		assert.ok(!(await out('show', '1', '--response', '--headers')).includes('answer to'));
		assert.match(await out('show', '1', '--request', '--headers'), /Host: localhost/);
	});

	it('show --attempt: each call of its own; one that is not there → exit 2', async () => {
		assert.equal(await out('show', '1', '--response', '--body', '--attempt', '1'), 'answer to /first?a=1');
		assert.equal((await road.w.creel(['show', '1', '--response', '--attempt', '9'])).code, 2);
	});

	it('escape sequences do not reach a terminal raw; --body into a pipe is exact', async () => {
		await post(road.relay.port, '/cli/evil', 'x\x1b[2J\x1b]0;owned\x07y', ['X-Evil: a\xc2\x9bb']);
		const row = await road.w.recorded((r) => r.target === '/evil' && r.state === 'delivered');
		const terminal = async (...args) => (await road.w.run('script', process.platform === 'linux'
			? ['-qec', [`${binDir}/creel`, ...args].join(' '), '/dev/null'] : ['-q', '/dev/null', `${binDir}/creel`, ...args])).text;
		const text = await terminal('show', String(row.id));
		assert.match(text, /owned/);
		assert.ok(!(await terminal('show', String(row.id), '--body')).includes('\x1b]'));
		assert.ok(!text.includes('\x1b') && !text.includes('\x07') && !text.includes('\x9b'), JSON.stringify(text));
		assert.ok((await road.w.creelOut(['show', String(row.id), '--body'])).includes('\x1b[2J'));
		await send(road.relay.port, requestBytes('GET', '/cli/\xe2\x80\xae-rtl', ['Host: localhost']));
		await waitFor('the row', async () => (await road.w.list()).length === 5);
		assert.ok(!(await out('list')).includes('\u202e') && !(await terminal('list')).includes('\u202e'));
	});

	it('replay ID and --last: the app gets it again; the record names what it repeats', async () => {
		const before = road.app.requests.length;
		const r = await road.w.creel(['replay', '1', '--to', String(road.app.port)]);
		assert.equal(r.code, 0, r.err);
		await waitFor('the app to be called', () => road.app.requests.length === before + 1);
		const again = road.app.requests.at(-1);
		assert.equal(again.target, '/first?a=1');
		assert.equal(again.body.toString(), 'body of /first?a=1');
		const row = await road.w.recorded((q) => q.origin === 'replay' && q.state === 'delivered');
		assert.equal(row.replay_of, 1);
		assert.notEqual(row.event_id, (await road.w.list())[0].event_id);
		const last = await road.w.creel(['replay', '--last', '--to', String(road.app.port)]);
		assert.equal(last.code, 0, last.err);
		await waitFor('the app to be called', () => road.app.requests.length === before + 2);
		assert.match(road.app.requests.at(-1).target, /rtl/, 'the newest that is no replay');
	});

	it('replay of one the app refuses: exit 0; with --fail exit 1', async () => {
		const to = ['--to', String(road.app.port)];
		assert.equal((await road.w.creel(['replay', '2', ...to])).code, 0);
		assert.equal((await road.w.creel(['replay', '2', ...to, '--fail'])).code, 1);
		assert.equal((await road.w.creel(['replay', '1', ...to, '--fail'])).code, 0);
	});

	it('replay without --to goes to the target of the running client', async () => {
		const before = road.app.requests.length;
		const r = await road.w.creel(['replay', '3']);
		assert.equal(r.code, 0, r.err);
		await waitFor('the app to be called', () => road.app.requests.length === before + 1);
	});

	it('replay -H replaces a field', async () => {
		const r = await road.w.creel(['replay', '1', '--to', String(road.app.port), '-H', 'X-New: yes']);
		assert.equal(r.code, 0, r.err);
		assert.equal(field(road.app.requests.at(-1).lines, 'x-new'), 'yes');
	});

	it('a delivery’s own words cannot be taken for an option or SQL', async () => {
		assert.equal((await road.w.creel(['show', "1' OR 1=1"])).code, 2);
		assert.equal((await road.w.creel(['show', '-1'])).code, 2);
		assert.equal((await road.w.creel(['show', '18446744073709551617'])).code, 2);
	});

	it('list into a closed pipe ends quietly', async () => {
		const r = await road.w.run('sh', ['-c', `"$0" list --json | head -n 1`, `${binDir}/creel`]);
		assert.equal(r.code, 0);
		assert.equal(r.err, '');
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('listen', () => {
	let w, relay, app, second;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		app = w.keep(await Receiver.start());
		second = w.keep(await Receiver.start());
	});
	after(() => w?.close());

	it('--output json: ready first, then delivery and attempt lines', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'json' });
		await post(relay.port, '/json/x');
		await waitFor('the attempt line', () => c.events.some((e) => e.type === 'attempt'));
		const [ready] = c.events;
		assert.equal(ready.type, 'ready');
		assert.equal(ready.tunnel, 'json');
		assert.equal(ready.url, `http://127.0.0.1:${relay.port}/json`);
		const delivery = c.events.find((e) => e.type === 'delivery');
		for (const name of FIELDS) assert.ok(name in delivery, name);
		checkDelivery(delivery);
		const attempt = c.events.find((e) => e.type === 'attempt');
		assert.equal(attempt.event_id, delivery.event_id);
		assert.equal(attempt.status, 200);
		const order = c.events.map((e) => e.type);
		assert.ok(order.indexOf('delivery') < order.indexOf('attempt'), order.join());
		await c.stop('SIGINT');
		assert.equal(existsSync(c.readyFile), false, 'the ready-file goes with the tunnel');
	});

	it('--ready-file holds the public URL and nothing else', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'ready' });
		assert.equal(readFileSync(c.readyFile, 'utf8').trim(), `http://127.0.0.1:${relay.port}/ready`);
		await c.stop('SIGINT');
	});

	it('--output lines: the URL, then a line a delivery; nothing of the body', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'lines', output: 'lines' });
		await post(relay.port, '/lines/hook', 'top secret');
		await waitFor(() => `a line\n${c.stdout}`, () => /POST.*\/hook.*200|200.*POST.*\/hook/.test(c.stdout.toString()));
		const text = c.stdout.toString();
		assert.ok(text.includes(c.url), text);
		assert.ok(!text.includes('top secret'));
		await c.stop('SIGINT');
	});

	it('--output quiet: nothing on stdout', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'quiet', output: 'quiet' });
		assert.equal((await post(relay.port, '/quiet/x')).status, 200);
		await c.stop('SIGINT');
		assert.equal(c.stdout.toString(), '');
	});

	it('without --name the relay makes one, and it can be used', async () => {
		const c = await w.startClient({ relay, target: app.port });
		assert.match(c.tunnel, /^[a-z0-9]{20}$/);
		assert.equal((await post(relay.port, `/${c.tunnel}/x`)).status, 200);
		await c.stop('SIGINT');
	});

	it('--route sends some paths to another app, the longest wins', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'routes', args: ['--route', `/api=${second.port}`] });
		await post(relay.port, '/routes/api/users');
		await post(relay.port, '/routes/apix');
		assert.equal((await second.request()).target, '/api/users');
		assert.ok(await app.request((r) => r.target === '/apix'));
		await c.stop('SIGINT');
	});

	it('a target with a path: it comes before the request’s own', async () => {
		const c = await w.startClient({ relay, target: `http://localhost:${app.port}/base`, name: 'based' });
		await post(relay.port, '/based/hook?x=1');
		assert.ok(await app.request((r) => r.target === '/base/hook?x=1'));
		await c.stop('SIGINT');
	});

	it('-H replaces a field, --host-header gives a Host', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'fields', args: ['-H', 'Authorization: Basic eDp5', '--host-header', 'my.test:99'] });
		await post(relay.port, '/fields/auth', 'x', ['Authorization: other']);
		const request = await app.request((r) => r.target === '/auth');
		assert.deepEqual(request.lines.filter((l) => /^authorization:/i.test(l)), ['Authorization: Basic eDp5']);
		assert.equal(field(request.lines, 'host'), 'my.test:99');
		await c.stop('SIGINT');
	});

	it('a second client of the same name: newest wins, the older stops with exit 3 and says why', async () => {
		const old = await w.startClient({ relay, target: app.port, name: 'fight' });
		const fresh = await w.startClient({ relay, target: second.port, name: 'fight' });
		assert.equal((await old.end()).code, 3);
		assert.match(old.err, /^creel: .{10,}/m);
		await post(relay.port, '/fight/x');
		assert.ok(await second.request((r) => r.target === '/x'));
		await fresh.stop('SIGINT');
	});

	it('status --json: one object a running client; status for people says online and the URL', async () => {
		const none = await w.creel(['status']);
		assert.equal(none.code, 1, 'no client runs');
		assert.ok(!/\bonline\b/.test(none.text));
		const c = await w.startClient({ relay, target: app.port, name: 'told' });
		const rows = (await w.creel(['status', '--json'])).text.trim().split('\n').map((line) => JSON.parse(line));
		assert.equal(rows.length, 1);
		const [row] = rows;
		assert.equal(row.state, 'online');
		assert.equal(row.url, c.url);
		assert.equal(row.tunnel, 'told');
		const r = await w.creel(['status']);
		assert.match(r.text, /online/);
		assert.ok(r.text.includes(c.url));
		assert.equal(r.code, 0);
		await c.stop('SIGINT');
	});

	it('options come from the project’s creel.ini, the environment and the command line, in rising order', async () => {
		const cwd = w.path('project');
		mkdirSync(cwd);
		writeFileSync(`${cwd}/creel.ini`, `[listen]\nname = from-ini\n`);
		const ini = await w.startClient({ relay, target: app.port, cwd });
		assert.equal(ini.tunnel, 'from-ini');
		await ini.stop('SIGINT');
		const env = await w.startClient({ relay, target: app.port, cwd, env: { CREEL_NAME: 'from-env' } });
		assert.equal(env.tunnel, 'from-env');
		await env.stop('SIGINT');
		const line = await w.startClient({ relay, target: app.port, cwd, env: { CREEL_NAME: 'from-env' }, name: 'from-line' });
		assert.equal(line.tunnel, 'from-line');
		await line.stop('SIGINT');
		writeFileSync(`${cwd}/mine.ini`, `[listen]\nforward-to = http://127.0.0.1:1/from-ini\n`);
		const target = await w.startClient({ relay, target: app.port, cwd, name: 'from-line', args: ['--config', 'mine.ini'] });
		assert.equal((await post(relay.port, '/from-line/argument')).status, 200, 'the argument wins');
		await target.stop('SIGINT');
	});

	it('a misspelt word is never passed over in silence, in a config file neither', async () => {
		const file = w.fresh('misspelt.ini');
		for (const [text, program, args, says] of [
			['[server]\nlisten = 127.0.0.1:0\n', 'creel-relay', ['serve', '--config', file], /\[server\] is not a known section: options stand in \[serve\]$/m],
			['listn = 127.0.0.1:0\n', 'creel-relay', ['serve', '--config', file], /listn is not a known key; did you mean listen$/m],
			['[lisst]\ntimeout = 1s\n', 'creel', ['list', '--config', file], /\[lisst\] is not a known section: one is named as a command, for example \[listen\]$/m],
			['rellay = https://x.invalid\n', 'creel', ['list', '--config', file], /rellay is not a known key/],
			['', 'creel-relay', ['srve'], /'srve' is not a command, did you mean serve; see creel-relay help$/m],
			['', 'creel-relay', ['help', 'srve'], /'srve' is not a command, did you mean serve; see creel-relay help$/m],
			['', 'creel-relay', ['help', 'serve', 'more'], /help takes one command/],
		]) {
			writeFileSync(file, text);
			const r = await w.run(program, args);
			assert.equal(r.code, 2, `${args} ${text}`);
			assert.match(r.err, says);
		}
		writeFileSync(file, 'secret.github = @x\nport = 1\n[token https://x.invalid]\ntoken = x\n[trigger]\nwhatever = 1\n');
		assert.equal((await w.run('creel', ['prune', '--config', file])).code, 0, 'what is another command’s is left alone');
	});

	it('a secret that cannot be read: which of the reasons it is', async () => {
		const file = w.fresh('secret');
		for (const [bytes, says] of [['', /^creel: \S+ is empty: a secret or token should stand there$/m], ['a\0b', /^creel: \S+ holds a NUL byte, and no secret does$/m],
			['x'.repeat(5000), /^creel: \S+ is longer than 4096 bytes, and no secret is$/m]]) {
			writeFileSync(file, bytes);
			const r = await w.run('creel', ['listen', '3000', '--relay', 'http://127.0.0.1:1', '--secret', `github=@${file}`]);
			assert.equal(r.code, 2);
			assert.match(r.err, says);
		}
		const folder = await w.run('creel', ['listen', '3000', '--relay', 'http://127.0.0.1:1', '--secret', `github=@${w.dir}`]);
		assert.match(folder.err, /^creel: \S+ cannot be read: Is a directory$/m);
	});

	it('a backup of a relay that is stopped says what it saved, and complains of nothing', async () => {
		const data = w.path('stopped');
		await w.run('creel-relay', ['token', 'add', 'anna', '--data', data]);
		const r = await w.run('creel-relay', ['backup', w.path('stopped.backup'), '--data', data]);
		assert.deepEqual([r.code, r.err], [0, '']);
		assert.match(r.text, /^Saved 1 token/);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
