// Nothing that creel says holds a secret. All of them are planted at once (tokens, secrets of providers, user and password
// of a proxy and of URLs, by environment, config files, files and, wrongly, the command line); then every command that
// `creel help` lists fails in many ways, and whatever it wrote is searched for each of them in every spelling.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { FakeRelay } from './lib/fake_relay.mjs';
import { makeCertificate } from './lib/tls.mjs';
import { frame } from './lib/wire.mjs';

const hex = (seed) => Buffer.from(seed).toString('hex').repeat(8).slice(0, 48);
// Of each kind one, so that a leak says whose it is. Some hold what a URL must encode.
const S = {
	tokenEnv: `creel_${hex('tokenenv')}`,
	tokenConfig: `creel_${hex('tokenini')}`,
	tokenOption: `creel_${hex('tokenopt')}`,
	secretFile: 'file/secret+of=one&all?7f31',
	secretEnv: 'sk_env_9d20b7c4a1e8',
	secretCreel: 'CREEL~SECRET~5b1c9e70',
	secretOption: 'whsec_option44c7d2e9f0',
	secretConfig: 'ini-secret-83ae61d5',
	wrongLine: 'on-a-wrong-line-17fe20',
	proxyUser: 'proxy-name-51c8',
	proxyPassword: 'p@ss/w:rd#9e2',
	rawUser: 'raw-name-77aa',
	rawPassword: 'r@w-p@ss-31d4',
	urlUser: 'url-name-90cc',
	urlPassword: 'url%40pw-6b3f',
	header: 'hdr-bearer-2f90ab',
	// Of the relay's, whole, as its gate knows them by their looks.
	relayOption: `creel_${'0a1b2c3d'.repeat(8)}`,
	relayEnv: `creel_${'f9e8d7c6'.repeat(8)}`,
	relayLine: `creel_${'5a6b7c8d'.repeat(8)}`,
};
const enc = encodeURIComponent;

/** Every spelling of it that may be met, and pieces of the long ones. */
function spellings(secret) {
	const all = new Set([secret, enc(secret), escape(secret), secret.replace(/[^\w]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)]);
	try { all.add(decodeURIComponent(secret)); } catch { /* holds a '%' of its own */ }
	for (const text of [...all]) for (const how of ['base64', 'base64url']) all.add(Buffer.from(text).toString(how).replace(/=+$/, ''));
	if (secret.length >= 20) all.add(secret.slice(0, 16)).add(secret.slice(-16));
	return [...all];
}
const NEEDLES = Object.entries(S).flatMap(([name, secret]) => spellings(secret).map((text) => ({ name, text: Buffer.from(text, 'latin1') })));
for (const [user, password] of [[S.proxyUser, S.proxyPassword], [S.rawUser, S.rawPassword], [S.urlUser, decodeURIComponent(S.urlPassword)], [S.urlUser, S.urlPassword]])
	NEEDLES.push({ name: `${user} as Basic`, text: Buffer.from(Buffer.from(`${user}:${password}`).toString('base64').replace(/=+$/, '')) });

/** Throws when the bytes hold one. */
function clean(bytes, where) {
	for (const { name, text } of NEEDLES)
		assert.ok(!bytes.includes(text), `${where} shows ${name} as ${text}:\n${bytes.toString('latin1').slice(0, 3000)}`);
}

describe('no secret is shown', () => {
	let w, dead, ports, mine, userinfo, runs = 0;
	before(async () => {
		w = new World();
		mine = await makeCertificate(w.path());
		const serve = async (server) => {
			server.listen(0, '127.0.0.1');
			await new Promise((resolve) => server.on('listening', resolve));
			w.keep({ close: () => server.close() });
			return server.address().port;
		};
		// What they were told they tell back, where a sentence of the client's may hold it.
		const echo = (request) => `${request.headers.authorization ?? ''} ${request.headers['proxy-authorization'] ?? ''} ${request.url}`;
		const web = (status, code = {}) => http.createServer((request, response) => response.writeHead(status, code).end(echo(request)))
			.on('upgrade', (request, socket) => socket.end(`HTTP/1.1 ${status} ${echo(request)}\r\nX-Echo: ${echo(request)}\r\nContent-Length: 0\r\n\r\n`))
			.on('connect', (request, socket) => socket.end(`HTTP/1.1 ${status} ${echo(request)}\r\nProxy-Authenticate: Basic realm="${echo(request)}"\r\nContent-Length: 0\r\n\r\n`))
			.on('connection', (socket) => socket.on('error', () => {}));
		dead = await freePort();
		ports = { web: await serve(web(200)), refusing: await serve(web(401)), proxy: await serve(web(407, { 'Proxy-Authenticate': 'Basic realm="x"' })),
			silent: await serve(net.createServer((s) => s.on('error', () => {}).once('data', (d) => s.end(d)))) };
		userinfo = `${S.urlUser}:${S.urlPassword}@`;
		writeFileSync(w.path('secret.txt'), `${S.secretFile}\n`);
		writeFileSync(w.path('no.db'), 'this is no database, and long enough for SQLite to see that: '.repeat(40));
		const ini = (name, text) => { writeFileSync(w.path(name), text, { mode: 0o600 }); return w.path(name); };
		ini('good.ini', `[token http://127.0.0.1:${ports.web}]\ntoken = ${S.tokenConfig}\n[token https://127.0.0.1:${ports.web}]\ntoken = ${S.tokenConfig}\n`);
		ini('raw.ini', `[listen]\nsecret.github = ${S.secretConfig}\n[verify]\nsecret = ${S.secretConfig}\n[trigger]\nsecret = github=${S.secretConfig}\n[replay]\nsecret = ${S.secretConfig}\n`);
		ini('no-equals.ini', `[listen]\ntoken ${S.wrongLine}\n`);
		ini('top.ini', `token = ${S.wrongLine}\ntoken: ${S.wrongLine}\n${S.wrongLine}\n`);
		ini('wrong-key.ini', ['listen', 'dev', 'doctor', 'trigger'].map((s) => `[${s}]\ntoken = ${S.wrongLine}\nsecrets = ${S.wrongLine}\n`).join(''));
		ini('url.ini', `relay = https://${userinfo}127.0.0.1:${dead}\n[listen]\nforward-to = http://${userinfo}localhost:9\ntimeout = https://${userinfo}x\n`);
		ini('section.ini', `[token https://${userinfo}127.0.0.1:${dead}\ntoken = ${S.tokenConfig}\n`);
	});
	after(() => w?.close());

	const env = (more = {}) => ({
		CREEL_TOKEN: S.tokenEnv, CREEL_SECRET: S.secretCreel, MY_SECRET: S.secretEnv, NO_PROXY: 'localhost,127.0.0.1', EDITOR: 'false',
		http_proxy: `http://${S.proxyUser}:${enc(S.proxyPassword)}@127.0.0.1:${ports.proxy}`,
		HTTPS_PROXY: `http://${S.rawUser}:${S.rawPassword}@127.0.0.1:${ports.proxy}`, ...more,
	});
	/** Runs it, ends it when it does not end, and searches what it wrote. */
	async function say(program, args, options = {}) {
		const p = w.spawn(program, args, { env: env(), ...options });
		const timer = setTimeout(() => p.signal('SIGINT'), 2500), last = setTimeout(() => p.signal('SIGKILL'), 9000);
		const end = await p.end();
		clearTimeout(timer);
		clearTimeout(last);
		p.checkSanitizers();
		w.processes = w.processes.filter((q) => q !== p);
		assert.notEqual(end.signal, 'SIGSEGV', `${program} ${args.join(' ')}`);
		runs++;
		clean(Buffer.concat([p.stdout, Buffer.from(p.err, 'latin1')]), `${program} ${args.join(' ')}`);
		return { ...end, err: p.err, text: p.stdout.toString('utf8') };
	}
	async function commandsOf(program) {
		const names = [...(await w.run(program, ['help'])).text.matchAll(/^ {2}(?:creel )?([a-z-]+) +\S/gm)].map((m) => m[1]);
		assert.ok(names.length >= (program === 'creel' ? 18 : 4), names.join());
		return names;
	}
	// What brings each further than its usage; one that is not here is tried without.
	const WAYS = {
		listen: [['9', '--connect-timeout', '300ms', '--output', 'lines'], ['9', '--connect-timeout', '300ms', '--output', 'json', '--ping-interval', '1s']],
		dev: [['9', '--port', '0', '--output', 'lines']], doctor: [[], ['--json'], ['--target', '9']], wait: [['event:x', '--timeout', '50ms']],
		list: [['status:5xx']], verify: [['1'], ['source:github']], replay: [['1'], ['--last', '2'], ['1', '--resign'], ['1', '--edit']], show: [['1']], diff: [['1', '2']],
		export: [['1', '--format', 'curl']], import: [['/nowhere.har']], trigger: [['github.push', '--timeout', '500ms'], ['github.push', '--to', '9']], prune: [['--keep', '1d']],
		ui: [['status:5xx']], status: [[], ['--json']], login: [[`http://127.0.0.1:WEB`], [`http://127.0.0.1:DEAD`]], help: [['listen']], version: [[]],
	};
	const waysOf = (name) => (WAYS[name] ?? [[]]).map((args) => args.map((a) => a.replace('WEB', ports.web).replace('DEAD', dead)));
	async function each(program, make, concurrency = 3) {
		const jobs = (await commandsOf(program)).flatMap((name) => make(name).map((args) => [name, ...args]));
		const next = async () => { for (let job; (job = jobs.shift());) await say(program, job); };
		await Promise.all(Array.from({ length: concurrency }, next));
	}

	it('wrong flags with a secret behind them', async () => {
		const file = `@${w.path('secret.txt')}`;
		await each('creel', (name) => {
			const way = waysOf(name)[0];
			return [['--token', S.tokenOption], [`--token=${S.tokenOption}`, ...way], ['--secret', S.secretOption, ...way], [...way, `--secret=github=${S.secretOption}`],
				['--secret', 'env:MY_SECRET', ...way], ['--secret', `github=${file}`, ...way], ['--secret', file, ...way], [S.tokenEnv], [`x${S.secretCreel}`, ...way],
				[...way, '--header', `Authorization: Bearer ${S.header}`], [...way, '-H', `Authorization Bearer ${S.header}`], ['--timeout', S.tokenEnv, ...way]];
		});
	});

	it('URLs with a user and a password', async () => {
		const url = (scheme, port) => `${scheme}://${userinfo}127.0.0.1:${port}/x`;
		await each('creel', (name) => {
			const way = waysOf(name)[0];
			return [['--relay', url('https', dead), ...way], ['--relay', url('http', ports.web), ...way], ['--relay', url('ws', ports.refusing), ...way], ['--relay', `ht!tp://${userinfo}x`, ...way],
				[url('http', dead)], ['--to', url('http', dead), ...way], ['--url', url('http', dead), ...way], ['--target', url('http', dead), ...way], ['--forward-to', url('http', dead), ...way.slice(1)],
				['--route', `/x=${url('http', dead)}`, ...way]];
		});
	});

	it('relays that are none, or refuse', async () => {
		const relays = [['http', dead], ['http', ports.web], ['http', ports.refusing], ['http', ports.silent], ['https', ports.web], ['https', ports.silent]];
		await each('creel', (name) => ['listen', 'doctor', 'trigger'].includes(name)
			? waysOf(name).flatMap((way) => relays.map(([scheme, port]) => [...way, '--relay', `${scheme}://127.0.0.1:${port}`])) : name === 'login'
				? relays.map(([scheme, port]) => [`${scheme}://127.0.0.1:${port}`, '--token', 'env:CREEL_TOKEN', '--config', w.path('login.ini')]) : []);
		const bad = await w.startRelay({ args: ['--tls-cert', mine.cert, '--tls-key', mine.key] });
		for (const args of [['listen', '9', '--connect-timeout', '400ms'], ['doctor']]) await say('creel', [...args, '--relay', `https://127.0.0.1:${bad.port}`]);
		const relay = await w.startRelay();
		for (const args of [['listen', '9', '--connect-timeout', '400ms'], ['doctor']]) await say('creel', [...args, '--relay', `http://127.0.0.1:${relay.port}`]);
		for (const p of [bad, relay]) clean(Buffer.from(p.err, 'latin1'), 'the relay’s log');
	});

	it('proxies: dead, asking for a login, of a kind that is not spoken, no URL', async () => {
		const login = [`${S.proxyUser}:${enc(S.proxyPassword)}@`, `${S.rawUser}:${S.rawPassword}@`];
		const proxies = login.flatMap((l) => [`http://${l}127.0.0.1:${dead}`, `http://${l}127.0.0.1:${ports.proxy}`, `http://${l}127.0.0.1:${ports.web}`, `http://${l}[::1]:${dead}`,
			`http://${l}nowhere.invalid:1`, `socks5h://${l}127.0.0.1:${dead}`, `https://${l}127.0.0.1:${dead}`, `foo://${l}h:1`, `http://${l}`, `http://${l}h:99999`, `${l}127.0.0.1:${ports.proxy}`]);
		const sentences = new Set();
		for (const proxy of proxies)
			for (const args of [['listen', '9', '--relay', 'https://hooks.invalid', '--connect-timeout', '300ms'], ['doctor', '--relay', 'https://hooks.invalid'],
				['login', 'https://hooks.invalid', '--config', w.path('login.ini')], ['trigger', 'github.push', '--to', 'https://hooks.invalid', '--timeout', '500ms']]) {
				const r = await say('creel', args, { env: env({ HTTPS_PROXY: proxy, NO_PROXY: '', https_proxy: '' }) });
				assert.notEqual(r.code, 0, `${args[0]} by ${proxy}`);
				sentences.add(r.err + r.text);
			}
		const all = [...sentences].join('');
		assert.match(all, /the proxy socks5h:\/\/127\.0\.0\.1:\d+, which HTTPS_PROXY names, does not open a way to hooks\.invalid:443: nothing is listening there/);
		assert.match(all, /HTTPS_PROXY names foo:\/\/h:1, and creel does not know that kind of proxy/);
		assert.match(all, /the proxy that HTTPS_PROXY names is not a URL/);
		assert.match(all, /the proxy http:\/\/127\.0\.0\.1:\d+, which HTTPS_PROXY names, does not open a way to hooks\.invalid:443: it wants a user and a password that it knows \(407\)/);
		const named = await say('creel', ['listen', '9', '--relay', 'https://hooks.invalid'], { env: env({ HTTPS_PROXY: '', http_proxy: '', ALL_PROXY: `quic://${login[0]}127.0.0.1:1080` }) });
		assert.match(named.err, /^creel: ALL_PROXY names quic:\/\/127\.0\.0\.1:1080, /);
		assert.equal(named.code, 2);
	});

	it('config files that are wrong where a secret stands', async () => {
		await each('creel', (name) => ['raw', 'no-equals', 'top', 'wrong-key', 'url', 'section', 'good'].map((file) => [...waysOf(name)[0], '--config', w.path(`${file}.ini`)]));
	});

	it('stores that are none', async () => {
		await each('creel', (name) => [w.path('no.db'), w.dir, `/proc/${S.tokenEnv}/x.db`].map((db) => [...waysOf(name).at(-1), '--db', db]));
	});

	it('creel-relay: its commands', async () => {
		const data = w.fresh('relay');
		await each('creel-relay', () => [[], ['--token', S.tokenOption], [`--tls-key=${w.path('secret.txt')}`, '--tls-cert', w.path('secret.txt')], ['--config', w.path('raw.ini')], ['--config', w.path('no-equals.ini')],
			['--data', w.path('no.db')], ['--listen', '127.0.0.1:99999', '--data', data], ['list', '--data', w.path('no.db')], ['revoke', 'nobody', '--data', data]]);
	});

	it('creel-relay: a token in each place where none belongs', async () => {
		const data = w.fresh('relay'), cut = S.relayOption.slice(0, 40), T = S.relayOption;
		const lines = [S.relayLine, `token = ${S.relayLine}`, `${S.relayLine} = 1`, `data = ${S.relayLine}`, `max-body = ${S.relayLine}`, `log-level = ${S.relayLine}`, `tls-cert = ${S.relayLine}`, `[${S.relayLine}`,
			`public-url = http://${S.urlUser}:${S.urlPassword}@127.0.0.1`, `listen = ${S.relayLine}`, `trusted-proxy = ${S.relayLine}`];
		const files = lines.map((line, i) => {
			writeFileSync(w.path(`relay-${i}.ini`), line.startsWith('[') ? `${line}\n` : `[serve]\n${line}\n`);
			return ['--config', w.path(`relay-${i}.ini`), '--listen', '127.0.0.1:0'];
		});
		const options = [...(await w.run('creel-relay', ['serve', '--help'])).text.matchAll(/^ +(?:-\w, )?--([a-z-]+) \S/gm)].map((m) => m[1]);
		assert.ok(options.length > 25, options.join());
		const words = [[T], ['--token', T], [`--token=${T}`], [`--${T}`], [`-${T}`], ['add', T], ['add', 'x', '--tunnels', T, '--data', data], ['add', 'x', T], ['revoke', T, '--data', data], ['names', T, '--data', data], ['free', T, '--data', data],
			['warning', T, 'on', '--data', data], ['list', '--data', data], [T, '--data', data], ['--config', T], ['--data', w.path('no.db', T)], [`--token=${cut}`], [cut]];
		await each('creel-relay', (name) => [...words, ...files, ...(name === 'serve' ? options.flatMap((o) => [[`--${o}`, T, '--listen', '127.0.0.1:0'], ['--data', data, '--listen', '127.0.0.1:0', `--${o}=${T}`]]) : [])]);
		await say('creel-relay', [T]);
		await say('creel-relay', [cut]);
		for (const o of options) await say('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', data, '--log-level', 'debug'], { env: { [`CREEL_RELAY_${o.toUpperCase().replaceAll('-', '_')}`]: S.relayEnv } });
		for (const name of ['CREEL_RELAY_TOKEN', 'CREEL_TOKEN', 'CREEL_RELAY_CONFIG', 'CREEL_RELAY_DATA']) await say('creel-relay', ['token', 'list'], { env: { [name]: S.relayEnv } });
	});

	it('a whole tunnel: log, status, record and command lines', async () => {
		const data = w.fresh('relay');
		const token = (await w.run('creel-relay', ['token', 'add', 'x', '--data', data])).text.match(/creel_\w+/)[0];
		const needles = NEEDLES.length;
		NEEDLES.push(...spellings(token).map((text) => ({ name: 'the real token', text: Buffer.from(text) })));
		const app = w.keep(await Receiver.start()), relay = await w.startRelay({ data, args: ['--log-level', 'debug'] });
		const c = await w.startClient({ relay, target: app.port, name: 'planted', env: env({ CREEL_TOKEN: token }),
			args: ['--secret', `github=@${w.path('secret.txt')}`, '--secret', 'stripe=env:MY_SECRET', '--exec', `sh -c 'tr "\\0" "\\n" < /proc/self/environ > ${w.path('exec-env')}; cat /proc/$PPID/cmdline >> ${w.path('exec-env')}'`] });
		assert.equal((await post(relay.port, '/planted/x')).status, 200);
		const shown = readFileSync(`/proc/${c.pid}/cmdline`);
		clean(shown, 'the command line of listen');
		const exec = await w.fileFrom(c, w.path('exec-env'));
		assert.ok(!exec.includes(token), 'the command of --exec knows the token');
		await waitFor('the attempt', async () => (await w.list()).some((d) => d.status === 200));
		app.close();
		await post(relay.port, '/planted/y');
		for (const args of [['status'], ['status', '--json'], ['list', '--json'], ['show', '2', '--json']]) clean((await w.creel(args)).stdout, args.join(' '));
		assert.equal((await c.stop('SIGINT')).code, 130);
		await relay.stop('SIGTERM');
		clean(Buffer.concat([c.stdout, Buffer.from(c.err, 'latin1')]), 'listen');
		clean(Buffer.from(relay.err, 'latin1'), 'the relay’s log');
		for (const folder of [data, path.join(w.env.XDG_DATA_HOME, 'creel')])
			for (const name of readdirSync(folder))
				if (statSync(path.join(folder, name)).isFile()) clean(readFileSync(path.join(folder, name)), name);
		NEEDLES.length = needles;
	});

	it('a relay’s URL with a user is refused, and kept nowhere', async () => {
		const relay = await w.startRelay(), url = `http://${userinfo}127.0.0.1:${relay.port}`, config = w.path('kept.ini');
		for (const args of [['listen', '9', '--relay', url, '--connect-timeout', '300ms'], ['login', url, '--no-token', '--config', config], ['doctor', '--relay', url]]) {
			const r = await say('creel', args);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err + r.text, /the relay's URL holds a user or password, which creel sends to no relay/);
		}
		assert.ok(!existsSync(config));
	});

	it('what a relay tells back is shown without the token', async () => {
		const fake = await FakeRelay.start(w), text = `the token ${S.tokenEnv} is not known, nor ${enc(S.secretFile)}`;
		const note = (code) => {
			const payload = Buffer.alloc(12);
			payload.writeUInt16BE(code, 0);
			payload.writeUInt16BE(text.length, 10);
			return frame('NOTICE', { payload: Buffer.concat([payload, Buffer.from(text)]) });
		};
		// The words of a relay are shown only where its code says nothing to this client.
		const greetings = [[(c) => c.send(note(1)), /does not know this token/], [(c) => c.send(note(99)), /the token \[secret\] is not known/],
			[(c) => c.ws.close(1008, text.slice(0, 120)), /1008/]];
		for (const output of ['lines', 'json'])
			for (const [greet, says] of greetings) {
				const from = fake.connections.length, run = say('creel', ['listen', '9', '--relay', `http://127.0.0.1:${fake.port}`, '--secret', `github=@${w.path('secret.txt')}`, '--connect-timeout', '1s', '--output', output]);
				greet(await waitFor('its HELLO', () => fake.connections.slice(from).find((c) => c.hello)));
				const r = await run;
				assert.equal(r.code, 3, r.err);
				assert.match(r.err + r.text, says);
			}
	});

	it('they were run', () => assert.ok(runs > 700, `${runs}`));
});
