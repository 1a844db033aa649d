// A relay that only a proxy leads to: every kind that creel speaks, and the reason when the proxy does not open the way.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { World, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { has, httpProxy, realProxy, serve, socks4Proxy, socksProxy } from './lib/proxies.mjs';
import { makeCertificate } from './lib/tls.mjs';

const NOTHING = { NO_PROXY: '', no_proxy: '' };

describe('a tunnel through a proxy', () => {
	let w, app, relay, mine, secure, secureToken;
	before(async () => {
		w = new World();
		mine = makeCertificate(w.dir, 'mine', 'DNS:localhost,IP:127.0.0.1,DNS:hooks.invalid');
		mine.keyPem = readFileSync(mine.key);
		app = w.keep(await Receiver.start({ answer: (request, socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n`) && socket.write(request.body) }));
		relay = await w.startRelay();
		const { data, token } = await w.makeData();
		secureToken = token;
		secure = await w.startRelay({ data, args: ['--tls-cert', mine.cert, '--tls-key', mine.key, '--public-url', 'https://hooks.invalid'] });
	});
	after(() => w?.close());

	const postByTls = (port, target, body) => new Promise((resolve, reject) => {
		https.request({ port, host: '127.0.0.1', servername: 'localhost', path: target, method: 'POST', ca: mine.pem, headers: { 'Content-Length': body.length } }, (answer) => {
			let text = '';
			answer.on('data', (piece) => (text += piece)).on('end', () => resolve({ status: answer.statusCode, text }));
		}).on('error', reject).end(body);
	});

	/** Opens the tunnel, sends a webhook of 300 KB and gets it back, and ends it. */
	async function works(name, env, { over = relay, url = `http://127.0.0.1:${over.port}`, args = [] } = {}) {
		const c = await w.startClient({ relayUrl: url, target: app.port, name, env: { ...NOTHING, ...(over === secure ? { CREEL_TOKEN: secureToken } : {}), ...env }, args });
		const body = randomBytes(300_000).toString('hex');
		const answer = await (over === secure ? postByTls : post)(over.port, `/${name}/x`, body);
		assert.equal(answer.status, 200);
		assert.equal(answer.text, body);
		assert.deepEqual(c.events.filter((e) => e.type === 'state' && e.state === 'offline'), []);
		assert.equal((await c.stop('SIGINT')).code, 130);
		assert.ok(!/WARN|lws/i.test(c.err), c.err);
	}

	it('HTTP (CONNECT), with and without a login; raw and encoded @', async () => {
		const open = await httpProxy(w);
		await works('connect', { http_proxy: `http://${open.at}` });
		assert.deepEqual(open.asked, [{ url: `127.0.0.1:${relay.port}`, said: undefined }]);
		await works('named', { http_proxy: `http://localhost:${open.address().port}` });
		const closed = await httpProxy(w, { login: 'anna:p@s:s', answer: '407 Who\r\nProxy-Authenticate: Basic realm="x"' });
		await works('raw', { http_proxy: `http://anna:p@s:s@${closed.at}` });
		await works('encoded', { http_proxy: `http://anna:p%40s%3as@${closed.at}` });
	});

	it('the relay over TLS, by a name that only the proxy knows', async () => {
		const open = await httpProxy(w);
		await works('inner', { HTTPS_PROXY: `http://${open.at}` }, { over: secure, url: `https://hooks.invalid:${secure.port}`, args: ['--ca', mine.cert] });
		assert.equal(open.asked[0].url, `hooks.invalid:${secure.port}`);
	});

	it('an https proxy: the login goes through its TLS; both relays', async () => {
		const tls = await httpProxy(w, { tls: mine, login: 'anna:secret', answer: '407 Who\r\nProxy-Authenticate: Basic realm="x"' });
		const env = { http_proxy: `https://anna:secret@${tls.at}`, HTTPS_PROXY: `https://anna:secret@${tls.at}`, SSL_CERT_FILE: mine.cert };
		await works('tls1', env);
		await works('tls2', env, { over: secure, url: `https://127.0.0.1:${secure.port}`, args: ['--ca', mine.cert] });
	});

	it('SOCKS5: names looked up there (socks5h, socks) or here (socks5), with and without a login', async () => {
		const open = await socksProxy(w);
		await works('there', { ALL_PROXY: `socks5h://${open.at}` }, { over: secure, url: `https://hooks.invalid:${secure.port}`, args: ['--ca', mine.cert] });
		await works('gnome', { ALL_PROXY: `socks://${open.at}/` }, { over: secure, url: `https://hooks.invalid:${secure.port}`, args: ['--ca', mine.cert] });
		await works('here', { all_proxy: `socks5://${open.at}` }, { over: secure, url: `https://localhost:${secure.port}`, args: ['--ca', mine.cert] });
		assert.deepEqual(open.asked.map((a) => a.named), [true, true, false]);
		const closed = await socksProxy(w, { login: 'anna:p@ss' });
		await works('login', { ALL_PROXY: `socks5h://anna:p%40ss@${closed.at}` });
	});

	it('SOCKS4: names looked up there (socks4a) or here (socks4)', async () => {
		const open = await socks4Proxy(w);
		await works('four', { ALL_PROXY: `socks4://${open.at}` }, { over: secure, url: `https://localhost:${secure.port}`, args: ['--ca', mine.cert] });
		await works('four-a', { ALL_PROXY: `socks4a://${open.at}` }, { over: secure, url: `https://hooks.invalid:${secure.port}`, args: ['--ca', mine.cert] });
		assert.deepEqual(open.asked.map((a) => [a.host, a.named]), [['127.0.0.1', false], ['hooks.invalid', true]]);
	});

	const real = [['tinyproxy', 'http', {}], ['tinyproxy', 'http', { login: 'bob:hush' }], ['squid', 'http', {}], ...['basic', 'digest', 'ntlm'].map((auth) => ['squid', 'http', { login: 'bob:hush', auth }]),
		['microsocks', 'socks5h', {}], ['microsocks', 'socks5', { login: 'bob:hush' }], ...['socks5h', 'socks5', 'socks4'].map((scheme) => ['danted', scheme, {}])];
	for (const [i, [program, scheme, options]] of real.entries())
		it(`${program} by ${scheme}${options.login ? ` with a login${options.auth ? ` by ${options.auth}` : ''}` : ''}`, { skip: has(program) ? false : `${program} is not installed` }, async () => {
			const at = await realProxy(w, program, options);
			const url = `${scheme}://${options.login ? `${options.login}@` : ''}${at}`;
			// By address: of `localhost` some proxies try ::1 alone, where the hosts file has it.
			await works(`real${i}`, { ALL_PROXY: url }, { over: secure, url: `https://127.0.0.1:${secure.port}`, args: ['--ca', mine.cert] });
			const d = JSON.parse((await w.creel(['doctor', '--json', '--relay', `https://127.0.0.1:${secure.port}`, '--ca', mine.cert], { env: { ...NOTHING, ALL_PROXY: url, CREEL_TOKEN: secureToken } })).text);
			const failed = d.checks.filter((c) => c.result === 'fail');
			assert.deepEqual(failed.map((c) => c.name), ['url'], JSON.stringify(failed)); // nobody knows hooks.invalid
		});

	for (const [program, scheme] of [['squid', 'http'], ['danted', 'socks5h'], ['danted', 'socks4']])
		it(`${program} by ${scheme} that does not let one out: it is named`, { skip: has(program) ? false : `${program} is not installed` }, async () => {
			const at = await realProxy(w, program, { refuses: secure.port });
			const looked = await w.creel(['doctor', '--json', '--relay', `https://localhost:${secure.port}`, '--ca', mine.cert], { env: { ...NOTHING, ALL_PROXY: `${scheme}://${at}` } });
			const d = JSON.parse(looked.text);
			assert.deepEqual([d.first_wrong, looked.code], ['proxy', 3]);
			assert.match(d.checks.find((c) => c.result === 'fail').text, /^the proxy \w+:\/\/127\.0\.0\.1:\d+, which ALL_PROXY names, does not open a way to localhost:\d+: it (forbids it|refuses, or cannot reach the relay)/);
		});

	it('a connection that the proxy loses is made again, and a client that ends leaves none behind', async () => {
		const open = await httpProxy(w);
		const c = await w.startClient({ relayUrl: `http://127.0.0.1:${relay.port}`, target: app.port, name: 'again', env: { ...NOTHING, http_proxy: `http://${open.at}` } });
		assert.equal((await post(relay.port, '/again/x')).status, 200);
		open.cut();
		await waitFor(() => `a second connection ${JSON.stringify(c.events)}`, () => c.events.filter((e) => e.type === 'state' && e.state === 'online').length === 2);
		assert.equal((await post(relay.port, '/again/y')).status, 200);
		assert.equal((await c.stop('SIGINT')).code, 130);
		await waitFor('the proxy to be left', () => new Promise((resolve) => open.getConnections((_, count) => resolve(count === 0))));
	});

	describe('that does not open the way', () => {
		/** `listen`, `login` and `doctor` say the same sentence, and none of them the password. */
		async function says(env, words, { url = `http://127.0.0.1:${relay.port}`, todo, opened, timeout = '2s' } = {}) {
			const all = { env: { ...NOTHING, ...env } };
			const listens = (within) => w.creel(['listen', '1', '--relay', url, '--connect-timeout', within, '--output', 'lines', '--db', w.fresh('db')], all);
			let [listen, login, looked] = await Promise.all([
				listens(timeout),
				w.creel(['login', url, '--no-token'], all),
				w.creel(['doctor', '--json', '--relay', url], all),
			]);
			const doctor = JSON.parse(looked.text);
			const wrong = doctor.checks.find((c) => c.result === 'fail');
			assert.equal(doctor.first_wrong, 'proxy');
			const sentence = wrong.text;
			assert.match(sentence, words);
			assert.match(sentence, new RegExp(`^the proxy \\w+://127\\.0\\.0\\.1:\\d+, which ${Object.keys(env)[0]} names, ${opened ? 'opened' : 'does not open'} a way to `));
			if (todo) assert.match(wrong.todo, todo);
			// doctor waits for half as long.
			const same = (text) => text.replace('10 s', '5 s');
			assert.ok(same(login.err).includes(sentence), `login: ${JSON.stringify(login)}\n${sentence}`);
			// On a machine so busy that the proxy, which is this process, does not answer in time it has longer.
			if (listen.err.includes(`did not answer within ${timeout.replace('s', ' s')}`) && !sentence.includes('did not answer')) listen = await listens('15s');
			assert.ok(same(listen.err).includes(sentence), `listen: ${JSON.stringify(listen)}\n${sentence}`);
			assert.deepEqual([listen.code, login.code], [3, 3]);
			for (const text of [listen.err, login.err, JSON.stringify(doctor)]) {
				assert.ok(!/geheim/.test(text), text);
				assert.ok(!/curl|libwebsockets|lws|openssl|SSL_|errno/i.test(text.replaceAll('OpenSSL', '')), text);
			}
		}
		const refusing = async (answer) => ({ http_proxy: `http://anna:geheim@${(await httpProxy(w, { answer })).at}` });

		it('nobody listens on its port', async () => says({ http_proxy: `http://anna:geheim@127.0.0.1:${await freePort()}` }, /nothing is listening there$/, { todo: /correct the variable, or name the relay in NO_PROXY/ }));
		it('407, with what it offers', async () => {
			await says(await refusing('407 Who\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM'), /wants a user and a password that it knows \(407\), by NTLM, Negotiate$/, { todo: /http:\/\/USER:PASSWORD@HOST:PORT/ });
			await says(await refusing('407 Who\r\nProxy-Authenticate: Basic realm="x"'), /\(407\), by Basic$/);
			await says(await refusing('407 Who'), /that it knows \(407\)$/);
			const { at } = await httpProxy(w, { answer: '407 Who\r\nProxy-Authenticate: Basic realm="x"' });
			await says({ http_proxy: `http://${at}` }, /\(407\), by Basic$/);
		});
		it('403, 502 and others', async () => {
			await says(await refusing('403 Not for you'), /it forbids it \(403\)$/);
			await says(await refusing('503 Service Unavailable'), /it cannot reach the relay itself \(503\)$/);
			await says(await refusing('418 Teapot'), /it answered 418$/);
		});
		it('one that is silent, and one that ends the connection', async () => {
			const silent = await serve(w, net.createServer(() => {}));
			await says({ http_proxy: `http://${silent.at}` }, /it did not answer within 5 s$/, { timeout: '11s' });
			const shut = await serve(w, net.createServer((socket) => socket.end()));
			await says({ http_proxy: `http://${shut.at}` }, /it ended the connection before it had answered$/, { todo: /socks5h:\/\/ say which/ });
			const chatty = await serve(w, net.createServer((socket) => socket.end('SSH-2.0-Other\r\n')));
			await says({ http_proxy: `http://${chatty.at}` }, /it does not answer in HTTP, but begins with "SSH-2\.0-Other/, { timeout: '8s' });
		});
		it('one that opens the way and then ends it, or lets nothing through: it is named, and not the relay', async () => {
			const drops = async (tell) => (await serve(w, net.createServer((socket) => socket.once('data', () => {
				socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
				tell(socket);
			})))).at;
			const todo = /^is the relay's URL right, and does creel-relay run there\? if so, ask who runs the proxy/;
			for (const url of [`http://127.0.0.1:${relay.port}`, 'https://hooks.invalid']) {
				const env = (at) => ({ [url.startsWith('https') ? 'HTTPS_PROXY' : 'http_proxy']: `http://anna:geheim@${at}` });
				await says(env(await drops((socket) => socket.end())), /and ended it before an answer came through$/, { url, opened: true, todo, timeout: '4s' });
				await says(env(await drops((socket) => socket.once('data', () => socket.destroy()))), /and ended it before an answer came through$/, { url, opened: true, todo, timeout: '4s' });
				await says(env(await drops(() => {})), /, and no answer came through within 5 s$/, { url, opened: true, todo, timeout: '11s' });
			}
		});
		it('another kind than the variable says', async () => {
			const socks = await socksProxy(w);
			const plain = await httpProxy(w);
			const tls = await httpProxy(w, { tls: mine });
			await says({ http_proxy: `http://${socks.at}` }, /it does not answer in HTTP, but speaks SOCKS5$/, { todo: /socks5h:\/\//, timeout: '8s' });
			await says({ http_proxy: `http://${tls.at}` }, /it does not answer in clear, but speaks TLS$/, { todo: /write https:\/\//, timeout: '8s' });
			const four = await serve(w, net.createServer((socket) => socket.once('data', () => socket.end(Buffer.from([0, 0x5b, 0, 0, 0, 0, 0, 0])))));
			await says({ ALL_PROXY: `socks4://${four.at}` }, /it refuses, or cannot reach the relay, and does not say which$/);
			await says({ ALL_PROXY: `socks5://${plain.at}` }, /it does not answer in SOCKS$/);
			await says({ http_proxy: `https://${plain.at}` }, /it does not speak TLS$/);
			await says({ http_proxy: `https://${tls.at}` }, /its own certificate is not trusted$/);
		});
		it('SOCKS: a login that is wrong or missing, and its replies', async () => {
			const closed = await socksProxy(w, { login: 'anna:right' });
			await says({ ALL_PROXY: `socks5h://anna:geheim@${closed.at}` }, /it wants a user and a password that it knows$/);
			await says({ ALL_PROXY: `socks5h://${closed.at}` }, /it wants a user and a password that it knows$/);
			const reply = async (code, words) => says({ ALL_PROXY: `socks5h://${(await socksProxy(w, { reply: code })).at}` }, words);
			await reply(2, /it forbids it$/);
			await reply(4, /it cannot reach the relay itself$/);
			await reply(5, /nothing is listening there, it says$/);
			const open = await socksProxy(w);
			await says({ ALL_PROXY: `socks5://${open.at}` }, /the name hooks\.invalid cannot be resolved$/, { url: 'http://hooks.invalid' });
		});
		it('a kind that nobody knows: named with its variable, exit 2', async () => {
			const r = await w.creel(['listen', '1', '--relay', `http://127.0.0.1:${relay.port}`, '--output', 'quiet'], { env: { ...NOTHING, ALL_PROXY: 'ftp://anna:geheim@127.0.0.1:1' } });
			assert.equal(r.code, 2);
			assert.match(r.err, /^creel: ALL_PROXY names ftp:\/\/127\.0\.0\.1:1, and creel does not know that kind of proxy: http, https, socks5 .* are spoken$/m);
			assert.ok(!r.err.includes('geheim'));
		});
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
