// The command line as shared/DESIGN.md §10 fixes it: what scripts and outside tests rely on.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const FIELDS = ['id', 'event_id', 'received_at', 'tunnel', 'method', 'target', 'path', 'peer', 'provider', 'event_type', 'signature', 'state', 'status',
	'duration_ms', 'attempts', 'request_bytes', 'response_bytes', 'origin', 'replay_of'];
const COMMANDS = ['listen', 'dev', 'ui', 'list', 'show', 'diff', 'replay', 'export', 'import', 'verify', 'wait', 'trigger', 'prune', 'status', 'doctor', 'login', 'version', 'help'];

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

describe('version, help, login, tokens, dev, admin', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	it('version', async () => {
		const r = await w.creel(['version']);
		assert.match(r.text, /^creel \d+\.\d+\.\d+/);
		assert.equal(r.code, 0);
		assert.match((await w.run('creel-relay', ['version'])).text, /^creel-relay \d+\.\d+\.\d+/);
		for (const [program, alone] of [['creel', 'ncurses'], ['creel-relay', 'libmicrohttpd']]) {
			const long = await w.run(program, ['version', '--verbose']);
			assert.equal(long.code, 0);
			for (const library of ['OpenSSL', 'SQLite', 'libwebsockets', 'libuv', alone])
				assert.match(long.text, new RegExp(`^  ${library} +\\d+\\.\\d+[\\d.]*(  older than .*)?$`, 'm'));
			assert.equal((await w.run(program, ['version', 'x'])).code, 2);
		}
	});

	it('help lists every command; help COMMAND and COMMAND --help say the same', async () => {
		const r = await w.creel(['help']);
		assert.equal(r.code, 0);
		for (const name of COMMANDS) assert.match(r.text, new RegExp(`^ *(creel )?${name}\\b`, 'm'));
		assert.equal((await w.creel(['--help'])).text, r.text);
		for (const name of COMMANDS.filter((n) => n !== 'help' && n !== 'version')) {
			const help = await w.creel(['help', name]);
			assert.equal(help.code, 0, name);
			assert.match(help.text, new RegExp(`creel ${name}`));
			assert.equal((await w.creel([name, '--help'])).text, help.text, name);
			assert.equal(help.err, '');
		}
		assert.equal((await w.creel(['help', 'nothing'])).code, 2);
	});

	it('an unknown command names the nearest one', async () => {
		const r = await w.creel(['lsit']);
		assert.equal(r.code, 2);
		assert.match(r.err, /^creel: .*list/m);
	});

	it('token add shows the secret once; list shows the name, not the secret; revoke takes it away', async () => {
		const data = w.path('relay');
		const token = (...args) => w.run('creel-relay', ['token', ...args, '--data', data]);
		const added = await token('add', 'anna');
		assert.equal(added.code, 0, added.err);
		const [secret] = /[A-Za-z0-9_-]{40,}/.exec(added.text);
		const listed = await token('list');
		assert.match(listed.text, /anna/);
		assert.ok(!listed.text.includes(secret));
		for (const file of readdirSync(data)) assert.ok(!readFileSync(`${data}/${file}`).includes(secret), 'not at rest');
		assert.equal(statSync(data).mode & 0o077, 0);
		assert.notEqual((await token('add', 'anna')).code, 0, 'a name is given once');

		const relay = await w.startRelay({ data });
		const app = w.keep(await Receiver.start());
		const url = `http://127.0.0.1:${relay.port}`;
		const login = await w.creel(['login', url], { input: secret + '\n' });
		assert.equal(login.code, 0, login.err);
		assert.ok(!login.text.includes(secret) && !login.err.includes(secret));
		const config = w.path('config', 'creel', 'config.ini');
		assert.equal(statSync(config).mode & 0o777, 0o600);
		const c = await w.startClient({ relay, target: app.port, name: 'mine' });
		assert.equal((await post(relay.port, '/mine/x')).status, 200);
		assert.ok(!relay.err.includes(secret) && !c.err.includes(secret) && !c.stdout.includes(secret), 'no secret in any log');

		// Another secret for the same token: the old one is nobody's, the name stays.
		const fresh = (await token('rotate', 'anna')).text.trim();
		assert.match(fresh, /^creel_[0-9a-f]{64}$/);
		assert.notEqual(fresh, secret);
		assert.equal((await c.end()).code, 3, 'the client of the old secret is told, and stops');
		assert.equal((await w.creel(['login', url], { input: secret + '\n' })).code, 3);
		assert.equal((await w.creel(['login', url], { input: fresh + '\n' })).code, 0);
		const again = await w.startClient({ relay, target: app.port, name: 'mine' });
		assert.equal((await post(relay.port, '/mine/x')).status, 200);
		assert.equal((await token('rotate', 'nobody')).code, 2);

		assert.equal((await token('revoke', 'anna')).code, 0);
		assert.equal((await again.end()).code, 3, 'the client of a revoked token is told, and stops');
		assert.match(again.err, /^creel: .*token/m);
		assert.ok(!/anna/.test((await token('list')).text.split('\n').filter((l) => !/revoked/i.test(l)).join('\n')));
		assert.notEqual((await token('revoke', 'nobody')).code, 0);
		// That was the last token: it must not open the relay to everybody.
		const refused = await w.startClient({ relay, target: app.port, name: 'mine', wait: false });
		assert.equal((await refused.end()).code, 3);
		assert.match(refused.err, /^creel: .*token/m);
	});

	it('token list and revoke make nothing, and say where no relay’s data is', async () => {
		for (const verb of [['list'], ['revoke', 'anna']]) {
			for (const data of [w.path('no-relay'), w.path('empty')]) {
				mkdirSync(w.path('empty'), { recursive: true });
				const r = await w.run('creel-relay', ['token', ...verb, '--data', data]);
				assert.equal(r.code, 4, r.err);
				assert.match(r.err, /^creel-relay: there is no relay's data in .*--data$/m);
			}
		}
		assert.ok(!existsSync(w.path('no-relay')));
		assert.deepEqual(readdirSync(w.path('empty')), []);
	});

	it('token add and list into a full disk: a sentence and 4; a secret that nobody saw is no token', async () => {
		const data = w.fresh('full-relay');
		const sh = (line) => w.run('sh', ['-c', `${line} --data "$1" > /dev/full`, 'sh', data]);
		const relay = `${binDir}/creel-relay`;
		const r = await sh(`"${relay}" token add anna`);
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, /^creel-relay: the secret cannot be written: .*taken back$/m);
		assert.doesNotMatch(r.err, /only time/);
		assert.equal((await w.run('creel-relay', ['token', 'add', 'anna', '--data', data])).code, 0, 'the name is free still');
		const listed = await sh(`"${relay}" token list`);
		assert.equal(listed.code, 4);
		assert.match(listed.err, /^creel-relay: the output cannot be written: /m);
	});

	it('login with a token for certain tunnels alone, and at a relay on ::1 by the name localhost', async () => {
		const data = w.fresh('relay');
		const [secret] = (await w.run('creel-relay', ['token', 'add', 'me', '--tunnels', 'me-*', '--data', data])).text.split('\n');
		const relay = await w.startRelay({ data, listen: '[::1]:0' });
		const r = await w.creel(['login', `http://localhost:${relay.port}`, '--config', w.fresh('config.ini')], { input: secret + '\n' });
		assert.equal(r.code, 0, r.err);
	});

	it('login with a config file that cannot be written: what failed, on what, what to do; other files stay', async () => {
		const relay = await w.startRelay();
		const login = (config) => w.creel(['login', `http://127.0.0.1:${relay.port}`, '--no-token', '--config', config]);
		writeFileSync(w.path('a-file'), 'x');
		const folder = await w.creel(['login', `http://127.0.0.1:${relay.port}`, '--no-token'], { env: { XDG_CONFIG_HOME: w.path('a-file') } });
		assert.equal(folder.code, 2, folder.err);
		assert.match(folder.err, /^creel: the folder \S*\/a-file\/creel of the config file cannot be made: Not a directory; .*--config/m);
		const below = await login(w.path('a-file', 'config.ini'));
		assert.equal(below.code, 2, below.err);
		assert.match(below.err, /^creel: the config file \S*\/a-file\/config.ini cannot be read: Not a directory/m);
		// Renaming over it would make a plain file of what is none; /dev/null, say, for everybody on the machine.
		await w.run('mkfifo', [w.path('a-pipe')]);
		const dir = await login(w.dir);
		assert.equal(dir.code, 2, dir.err);
		assert.match(dir.err, /is not a plain file; it is a folder/);
		const pipe = await login(w.path('a-pipe'));
		assert.equal(pipe.code, 2, pipe.err);
		assert.match(pipe.err, /is not a plain file/);
		assert.ok(statSync(w.path('a-pipe')).isFIFO());
		const full = await w.run('sh', ['-c', `ulimit -f 0; trap '' XFSZ; exec "${binDir}/creel" login http://127.0.0.1:${relay.port} --no-token --config "${w.path('too-big.ini')}" 2>&1 | cat`]);
		assert.match(full.text, /^creel: the config file \S*too-big.ini cannot be written: File too large; .*--config/m);
		assert.ok(!existsSync(w.path('too-big.ini')) && !existsSync(w.path('too-big.ini.tmp')));
	});

	it('login keeps what else stands in the config file', async () => {
		const relay = await w.startRelay();
		const config = w.path('others.ini'), url = `http://127.0.0.1:${relay.port}`;
		writeFileSync(config, `relay = http://old\ninsecure = 1\n[token ${url}]\ntoken = old\n; of the shop\n[listen]\nname = shop\n`);
		const r = await w.creel(['login', url, '--config', config], { input: 'any\n' });
		assert.equal(r.code, 0, r.err);
		assert.equal(readFileSync(config, 'utf8'), `relay = ${url}\ninsecure = 1\n; of the shop\n[listen]\nname = shop\n[token ${url}]\ntoken = any\n`);
	});

	it('login where no relay is → exit 3, and nothing is kept', async () => {
		const r = await w.creel(['login', `http://127.0.0.1:${await freePort()}`], { input: 'lost-secret\n' });
		assert.equal(r.code, 3);
		assert.match(r.err, /^creel: .{10,}/m);
		assert.ok(!readFileSync(w.path('config', 'creel', 'config.ini'), 'utf8').includes('lost-secret'));
	});

	it('login with a token the relay does not know: exit 3 and nothing kept; listen says so, exit 3', async () => {
		const data = w.fresh('relay');
		await w.run('creel-relay', ['token', 'add', 'x', '--data', data]);
		const relay = await w.startRelay({ data });
		const r = await w.creel(['login', `http://127.0.0.1:${relay.port}`], { input: 'wrong\n' });
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel: .*token/m);
		const c = await w.startClient({ relay, target: 1, wait: false });
		assert.equal((await c.end()).code, 3);
		assert.match(c.err, /^creel: .*token/m);
	});

	it('dev: relay and client in one command, nothing to configure', async () => {
		const app = w.keep(await Receiver.start());
		const ready = w.fresh('ready');
		const p = w.spawn('creel', ['dev', String(app.port), '--port', '0', '--ready-file', ready]);
		p.kind = 'client';
		const url = await w.fileFrom(p, ready);
		const answer = await fetch(`${url}/hooks/x?a=1`, { method: 'POST', body: 'from dev' });
		assert.equal(answer.status, 200);
		assert.equal((await app.request()).target, '/hooks/x?a=1');
		assert.equal((await app.request()).body.toString(), 'from dev');
		assert.ok(p.stdout.toString().includes(url));
		assert.ok((await w.list()).some((r) => r.target === '/hooks/x?a=1'));
		p.signal('SIGINT');
		assert.equal((await p.end()).code, 130);
		p.checkSanitizers();
		await waitFor('the relay to be gone with it', () => fetch(url).then(() => false, () => true));
	});

	it('dev takes what listen takes: routes, --exec without an app, the target of a config file', async () => {
		const [app, other] = [w.keep(await Receiver.start()), w.keep(await Receiver.start())];
		const start = async (args, options) => {
			const ready = w.fresh('ready');
			const p = w.spawn('creel', ['dev', '--port', '0', '--output', 'quiet', '--ready-file', ready, '--db', w.fresh('db'), ...args], options);
			p.kind = 'client';
			p.url = await w.fileFrom(p, ready);
			return p;
		};
		const send = async (p, target) => (await fetch(`${p.url}${target}`, { method: 'POST', body: 'x' })).status;
		const config = w.fresh('dev.ini');
		writeFileSync(config, `forward-to = ${app.port}\n`);
		const routed = await start(['--config', config, '--route', `/other=${other.port}`]);
		assert.deepEqual([await send(routed, '/a'), await send(routed, '/other/b')], [200, 200]);
		assert.equal((await app.request()).target, '/a');
		assert.equal((await other.request()).target, '/other/b');
		const command = await start(['--exec', 'cat']);
		assert.equal(await send(command, '/c'), 202);
		for (const p of [routed, command]) assert.equal((await p.stop('SIGINT')).code, 130);
		assert.match((await w.creel(['dev', '--ca', 'x'])).err, /--ca is not an option/);
	});
	it('dev: several at once on one machine, as the jobs of a CI runner', async () => {
		const app = w.keep(await Receiver.start());
		const start = async () => {
			const ready = w.fresh('ready');
			const p = w.spawn('creel', ['dev', String(app.port), '--port', '0', '--output', 'quiet', '--ready-file', ready, '--db', w.fresh('db')]);
			p.kind = 'client';
			p.url = await w.fileFrom(p, ready);
			return p;
		};
		const both = [await start(), await start()];
		for (const p of both) assert.equal((await fetch(`${p.url}/x`, { method: 'POST' })).status, 200);
		for (const p of both) assert.equal((await p.stop('SIGINT')).code, 130);
		const taken = await w.creel(['dev', String(app.port), '--port', String(app.port)]);
		assert.equal(taken.code, 3);
		assert.match(taken.err, /in use[^]*another port: creel dev --port 0/);
	});

	it('relay --listen [::]: takes IPv4 as well, whose addresses stand as they are written', async () => {
		const data = w.fresh('relay');
		const [token] = (await w.run('creel-relay', ['token', 'add', 'both', '--data', data])).text.split('\n');
		const relay = await w.startRelay({ data, listen: '[::]:0' });
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'both', env: { CREEL_TOKEN: token } });
		const peers = [];
		for (const host of ['127.0.0.1', '[::1]']) {
			assert.equal((await fetch(`http://${host}:${relay.port}/both/${peers.length}`, { method: 'POST' })).status, 200);
			peers.push((await w.recorded((r) => r.tunnel === 'both' && r.target === `/${peers.length}`)).peer.replace(/:\d+$/, ''));
		}
		assert.deepEqual(peers, ['127.0.0.1', '[::1]']);
		assert.deepEqual(app.requests.map((r) => field(r.lines, 'X-Forwarded-For')), ['127.0.0.1', '::1']);
	});

	it('relay --admin: healthz, readyz, metrics that count', async () => {
		const adminFile = w.fresh('admin');
		const relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile] });
		const admin = `http://${await w.fileFrom(relay, adminFile)}`;
		assert.equal((await fetch(`${admin}/healthz`)).status, 200);
		assert.equal((await fetch(`${admin}/readyz`)).status, 200);
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'counted' });
		await post(relay.port, '/counted/x');
		const metrics = await (await fetch(`${admin}/metrics`)).text();
		assert.match(metrics, /^# (HELP|TYPE) creel_/m);
		assert.match(metrics, /^creel_\w+(\{[^}]*\})? 1$/m);
		assert.equal((await fetch(`${admin}/nothing`)).status, 404);
		assert.equal((await post(relay.port, '/metrics')).status, 404, 'not on the public port');
	});

	it('relay --domain: the tunnel’s name is taken from the Host, the target is left whole', async () => {
		const { data, token } = await w.makeData();
		const relay = await w.startRelay({ data, args: ['--domain', 'hooks.example.com', '--public-url', 'https://hooks.example.com'] });
		const app = w.keep(await Receiver.start());
		const c = await w.startClient({ relay, target: app.port, name: 'shop', env: { CREEL_TOKEN: token } });
		assert.equal(c.url, 'https://shop.hooks.example.com');
		const answer = await send(relay.port, requestBytes('POST', '/shop/x', ['Host: shop.hooks.example.com', 'Content-Length: 0']));
		assert.equal(answer.status, 200);
		assert.ok(await app.request((r) => r.target === '/shop/x'));
		assert.equal((await send(relay.port, requestBytes('GET', '/x', ['Host: SHOP.hooks.example.com:443']))).status, 200);
		assert.equal((await send(relay.port, requestBytes('GET', '/x', ['Host: other.hooks.example.com']))).status, 404);
		for (const [host, asked] of [['hooks.example.com', 'ready\n'], ['127.0.0.1', 'ready\n'], ['shop.hooks.example.com', '']]) {
			const health = await send(relay.port, requestBytes('GET', '/.well-known/creel/readyz', [`Host: ${host}`]));
			assert.deepEqual([health.status, asked && health.body.toString()], [200, asked], host);
		}
		assert.ok(await app.request((r) => r.target === '/.well-known/creel/readyz'), 'a tunnel has all of its host');
	});

	it('relay log: logfmt, no query strings, no bodies', async () => {
		const relay = await w.startRelay();
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'logged' });
		await post(relay.port, '/logged/x?secret=hunter2', 'private body');
		await waitFor('a log', () => relay.err.length > 0);
		assert.ok(!relay.err.includes('hunter2') && !relay.err.includes('private body'));
		for (const line of relay.err.trim().split('\n')) assert.match(line, /^ts=\S+ level=\w+ event=\S+/);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
