// The commands that need no delivery, and what all of them say of their use: shared/DESIGN.md §10.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';

const COMMANDS = ['listen', 'dev', 'ui', 'list', 'show', 'diff', 'replay', 'export', 'import', 'verify', 'wait', 'trigger', 'prune', 'status', 'doctor', 'login', 'version', 'help'];

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
