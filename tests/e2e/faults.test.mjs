// Faults made one at a time: `creel doctor` names each first and right, `listen`, `login` and `status` say the same, and
// none of them in the words of a library.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import tlsServer from 'node:tls';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { httpProxy, serve, socksProxy } from './lib/proxies.mjs';
import { makeCertificate, makeChain, makeDatedCertificate } from './lib/tls.mjs';

/** What only who wrote a library, or reads its source, can decode. */
const LIBRARY = /curl|libwebsockets|\blws|\bwsi\b|openssl|sqlite|libuv|jansson|\bSSL_|\bX509|\berrno\b|\bE[A-Z]{5,}\b|error:[0-9A-F]{8}|HS: |not h1|handshake failure|Closed before|unable to get|database disk image|no such (table|column)|\(null\)|%s|0x[0-9a-f]{6}/;
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\..*/g, '') + 'Z';

describe('faults', () => {
	let w, relay, url, strict, strictUrl, anna, berta, mine, chain;
	before(async () => {
		w = new World();
		mine = makeCertificate(w.dir, 'mine');
		chain = makeChain(w.dir);
		relay = await w.startRelay();
		url = `http://127.0.0.1:${relay.port}`;
		const data = w.fresh('relay');
		[anna, berta] = await Promise.all(['anna', 'berta'].map(async (name) => (await w.run('creel-relay', ['token', 'add', name, '--data', data])).text.trim()));
		strict = await w.startRelay({ data });
		strictUrl = `http://127.0.0.1:${strict.port}`;
		w.keep(await Receiver.start());
		await w.startClient({ relay: strict, target: 1, name: 'taken', env: { CREEL_TOKEN: anna }, db: w.fresh('taken.db') });
	});
	after(() => w?.close());

	const file = (text) => {
		const at = w.fresh('file');
		writeFileSync(at, text);
		return at;
	};
	const at = (server, scheme = 'http') => ['--relay', `${scheme}://${server.at}`];
	const answering = (head) => serve(w, net.createServer((socket) => socket.once('data', () => socket.end(head))));
	/** Opens the WebSocket as a relay does, and goes on in its own way. */
	const upgrading = (then) => serve(w, http.createServer().on('upgrade', (request, socket) => {
		const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
		socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: creel.v1\r\n\r\n`);
		then(socket);
	}));
	const tls = async (cert, key, name = 'localhost') => ['--relay', `https://${name}:${(await w.startRelay({ args: ['--tls-cert', cert, '--tls-key', key] })).port}`];
	const dated = (start, end, names) => makeDatedCertificate(w.dir, w.fresh('dated').split('/').at(-1), { start: day(start), end: day(end), names });
	const proxied = (proxy, more = {}) => ({ args: ['--relay', url], env: { http_proxy: proxy, NO_PROXY: '', no_proxy: '' }, ...more });
	let stores = 0;
	const store = async (sql) => {
		const db = w.fresh('record.db');
		const c = await w.startClient({ relay, target: 1, name: `fill${++stores}`, db });
		await c.stop('SIGINT');
		if (sql) await w.run('sqlite3', [db, sql]);
		return db;
	};

	/* What is done → { args, env, what is wrong first, the sentence, exit, what to do, and whether listen and login come upon it, too }. */
	const FAULTS = {
		'an unknown key in the config': async () => ({ args: ['--config', file('[listen]\ntimeuot = 3s\n'), '--relay', url], first: 'config', says: /timeuot is not a known key; did you mean timeout/, code: 2 }),
		'a line that is none in the config': async () => ({ args: ['--config', file('what is this\n'), '--relay', url], first: 'config', says: /:1 is neither/, code: 2 }),
		'a config file that is not there': async () => ({ args: ['--config', w.path('none.ini'), '--relay', url], first: 'config', says: /none\.ini cannot be read/, code: 2 }),
		'a bad value in the config': async () => ({ args: ['--config', file('[listen]\ntimeout = soon\n'), '--relay', url], first: 'config', says: /timeout .*soon/, code: 2 }),

		'a record that is no database': async () => ({ args: ['--db', file('junk'.repeat(3000)), '--relay', url], first: 'store', says: /is not a database|is not a record|not one of creel/, code: 4 }),
		'a record of a newer creel': async () => ({ args: ['--db', await store('PRAGMA user_version=99'), '--relay', url], first: 'store', says: /newer creel/, code: 4 }),
		'a damaged record': async () => {
			const db = await store();
			const bytes = readFileSync(db);
			writeFileSync(db, bytes.fill(0xa5, 8192, 16384));
			return { args: ['--db', db, '--relay', url], first: 'store', says: /is damaged|not a database/, code: 4 };
		},
		'a record in a folder that is a file': async () => ({ args: ['--db', path.join(file(''), 'x.db'), '--relay', url], first: 'store', says: /cannot be written: it is a file/, code: 4 }),

		'no relay': async () => ({ args: [], first: 'relay', says: /^no relay is known$/, code: 2 }),
		'a relay that is no URL': async () => ({ args: ['--relay', 'ftp://x'], first: 'relay', says: /'ftp:\/\/x' is not a relay: write its URL/, code: 2, both: 2 }),
		'a login in the relay’s URL': async () => ({ args: ['--relay', 'http://u:geheimnis@127.0.0.1:1'], first: 'relay', says: /holds a user or password/, code: 2, both: 2 }),
		'a bad tunnel name': async () => ({ args: ['--config', file('[listen]\nname = Not_One\n'), '--relay', url], first: 'relay', says: /'Not_One' is not a tunnel name/, code: 2 }),
		'a CA file that is not there': async () => ({ args: ['--relay', 'https://127.0.0.1:1', '--ca', w.path('none.pem')], first: 'relay', says: /the CA file .*none\.pem cannot be read/, code: 2, both: 2 }),
		'a CA file that is not PEM': async () => ({ args: [...await tls(mine.cert, mine.key), '--ca', file('no certificate\n')], first: 'relay', says: /the CA file \S+ is not PEM/, code: 2, both: 2 }),
		'a pin that is none': async () => ({ args: ['--relay', 'https://127.0.0.1:1', '--pin', 'abc'], first: 'relay', says: /--pin must be sha256\/\//, code: 2 }),

		'a name without an address': async () => ({ args: ['--relay', 'https://hooks.invalid'], first: 'dns', says: /the name hooks\.invalid cannot be resolved/, code: 3, both: 3 }),

		'a proxy that is dead': async () => proxied(`http://127.0.0.1:${await freePort()}`, { first: 'proxy', says: /^the proxy http:\/\/127\.0\.0\.1:\d+, which http_proxy names, .* nothing is listening there$/, code: 3, both: 3 }),
		'a proxy whose name is unknown': async () => proxied('http://proxy.invalid:1', { first: 'proxy', says: /its own name cannot be resolved$/, code: 3, both: 3 }),
		'a proxy that wants a login': async () => proxied(`http://${(await httpProxy(w, { answer: '407 Who\r\nProxy-Authenticate: NTLM' })).at}`, { first: 'proxy', says: /it wants a user and a password that it knows \(407\), by NTLM$/, code: 3, both: 3 }),
		'a proxy that forbids it': async () => proxied(`http://${(await httpProxy(w, { answer: '403 No' })).at}`, { first: 'proxy', says: /it forbids it \(403\)$/, code: 3, both: 3 }),
		'a proxy that does not reach the relay': async () => proxied(`http://${(await httpProxy(w, { answer: '502 Bad' })).at}`, { first: 'proxy', says: /it cannot reach the relay itself \(502\)$/, code: 3, both: 3 }),
		'a SOCKS proxy that wants a login': async () => proxied(`socks5h://${(await socksProxy(w, { login: 'a:b' })).at}`, { first: 'proxy', says: /it wants a user and a password that it knows$/, code: 3, both: 3 }),
		'a SOCKS proxy that finds nobody': async () => proxied(`socks5h://${(await socksProxy(w, { reply: 5 })).at}`, { first: 'proxy', says: /nothing is listening there, it says$/, code: 3, both: 3 }),
		'an HTTP proxy called https': async () => proxied(`https://${(await httpProxy(w)).at}`, { first: 'proxy', says: /it does not speak TLS$/, code: 3, both: 3 }),
		'an HTTP proxy called socks5': async () => proxied(`socks5://${(await httpProxy(w)).at}`, { first: 'proxy', says: /it does not answer in SOCKS$/, code: 3, both: 3 }),
		'a kind of proxy that nobody knows': async () => proxied('ftp://127.0.0.1:1', { first: 'proxy', says: /^http_proxy names ftp:\/\/127\.0\.0\.1:1, and creel does not know/, code: 2, both: 2 }),
		'a proxy that is no URL': async () => proxied('http://:1', { first: 'proxy', says: /^the proxy that http_proxy names is not a URL/, code: 2, both: 2 }),

		'nobody at the relay’s port': async () => ({ args: ['--relay', `http://127.0.0.1:${await freePort()}`], first: 'tcp', says: /cannot be reached: nothing is listening on port \d+ of 127\.0\.0\.1$/, code: 3, both: 3 }),
		'a silent server': async () => ({ args: at(await serve(w, net.createServer())), first: 'relay', says: /took the connection and did not answer within 5 s$/, code: 3 }),
		'another web server': async () => ({ args: at(await serve(w, http.createServer((_, r) => r.writeHead(404).end()))), first: 'relay', says: /answered 404 where a tunnel should open: a web server is there, and not a creel relay$/, code: 3, both: 3 }),
		'another web server over TLS': async () => ({
			args: [...at(await serve(w, https.createServer({ cert: mine.pem, key: readFileSync(mine.key) }, (_, r) => r.writeHead(200).end())), 'https'), '--ca', mine.cert],
			first: 'relay', says: /answered 200 where a tunnel should open: a web server is there, and not a creel relay$/, code: 3, both: 3,
		}),
		'a web server that sends on': async () => ({ args: at(await answering('HTTP/1.1 301 Moved\r\nLocation: https://example.com/_creel/tunnel\r\nContent-Length: 0\r\n\r\n')), first: 'relay', says: /redirects to https:\/\/example\.com$/, code: 3, both: 3 }),
		'a proxy without its relay': async () => ({ args: at(await answering('HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n')), first: 'relay', says: /answered 502 .*: a proxy in front of it does not reach it$/, code: 3, both: 3 }),
		'a WebSocket server that is not a relay': async () => ({ args: at(await answering('HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n')), first: 'relay', says: /opened a WebSocket, but not as a creel relay does/, code: 3, both: 3 }),
		'a WebSocket that closes again': async () => ({ args: at(await upgrading((s) => s.end(Buffer.from([0x88, 2, 3, 0xf0])))), first: 'relay', says: /opened a WebSocket and closed it again before the tunnel stood(, with status 1008)?$/, code: 3 }),
		'a WebSocket that ends': async () => ({ args: at(await upgrading((s) => s.end())), first: 'relay', says: /opened a WebSocket and closed it again before the tunnel stood$/, code: 3, both: 3 }),
		'a WebSocket that says nothing': async () => ({ args: at(await upgrading(() => {})), first: 'relay', says: /opened a WebSocket and did not say within 5 s that the tunnel stands$/, code: 3 }),
		'a server that is silent under TLS': async () => ({ args: [...at(await serve(w, tlsServer.createServer({ cert: mine.pem, key: readFileSync(mine.key) })), 'https'), '--ca', mine.cert], first: 'relay', says: /took the connection and did not answer within 5 s$/, code: 3 }),
		'a server that never begins TLS': async () => ({ args: at(await serve(w, net.createServer()), 'https'), first: 'tls', says: /took the connection and did not answer within 5 s$/, code: 3 }),
		'HTTP/2 alone over TLS': async () => ({ args: at(await serve(w, http2.createSecureServer({ cert: mine.pem, key: readFileSync(mine.key) })), 'https'), first: 'tls', says: /speaks neither HTTP\/1\.1 nor creel\/1 over TLS/, code: 3, both: 3 }),
		'TLS 1.1 alone': async () => ({ args: at(await serve(w, https.createServer({ cert: mine.pem, key: readFileSync(mine.key), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })), 'https'), first: 'tls', says: /know no version of TLS, or no cipher, in common$/, code: 3, both: 3 }),
		'a SOCKS proxy’s port for the relay’s': async () => ({ args: at(await socksProxy(w)), first: 'relay', says: /speaks SOCKS5, so it is a proxy's and not a creel relay's$/, code: 3, both: 3 }),
		'the tunnel’s own path in the URL': async () => ({ args: ['--relay', `${url}/_creel/tunnel`], first: 'relay', says: /its URL goes on after the host/, code: 3, both: 3 }),
		'an SSH server': async () => ({ args: at(await serve(w, net.createServer((s) => s.end('SSH-2.0-X\r\n')))), first: 'relay', says: /does not speak HTTP, so it is not a creel relay's: its answer begins with "SSH-2\.0-X/, code: 3, both: 3 }),
		'an HTTP/2 server': async () => ({ args: at(await serve(w, http2.createServer())), first: 'relay', says: /speaks HTTP\/2 alone/, code: 3, both: 3 }),
		'http to a port with TLS': async () => ({ args: at(await serve(w, https.createServer({ cert: mine.pem, key: readFileSync(mine.key) }))), first: 'relay', says: /does not answer in clear: port \d+ of 127\.0\.0\.1 speaks TLS$/, code: 3, both: 3 }),
		'a tunnel’s public URL': async () => ({ args: ['--relay', `${url}/shop`], first: 'relay', says: /its URL goes on after the host, as a tunnel's public URL does$/, code: 3, both: 3 }),

		'https to a port without TLS': async () => ({ args: ['--relay', `https://127.0.0.1:${relay.port}`], first: 'tls', says: /does not speak TLS on port \d+ of 127\.0\.0\.1$/, code: 3, both: 3 }),
		'a certificate signed by itself': async () => ({ args: await tls(mine.cert, mine.key), first: 'tls', says: /not trusted: it is signed by itself \(issued by mine\)$/, code: 3, both: 3 }),
		'the chain is missing': async () => ({ args: [...await tls(chain.leaf, chain.key), '--ca', chain.root], first: 'tls', says: /the relay sends it alone, and this machine does not know Int, which issued it$/, code: 3, both: 3, todo: /fullchain\.pem/ }),
		'an unknown authority': async () => ({ args: await tls(chain.chain, chain.key), first: 'tls', says: /the relay sends 2 certificates, and neither they nor this machine have that of Root, which issued the last; issuers trusted here: .*/, code: 3, both: 3 }),
		'an expired certificate': async () => {
			const c = dated(-40, -9.5);
			return { args: [...await tls(c.cert, c.key), '--ca', c.cert], first: 'tls', says: /has expired, 9 days ago/, code: 3, both: 3 };
		},
		'a certificate of the future': async () => {
			const c = dated(10.5, 40);
			return { args: [...await tls(c.cert, c.key), '--ca', c.cert], first: 'tls', says: /is not valid yet: it begins only in 10 days/, code: 3, both: 3 };
		},
		'a certificate that a wrong clock calls expired': async () => {
			const c = dated(-40, -9.5);
			const server = https.createServer({ cert: c.pem, key: readFileSync(c.key) }, (_, r) => r.setHeader('Date', new Date(Date.now() - 20 * 86_400_000).toUTCString()).end());
			return { args: [...at(await serve(w, server), 'https'), '--ca', c.cert], first: 'clock', says: /this machine's clock is 172[78]\d{3} s ahead of the relay's/, code: 1, warns: ['tls', /which is wrong, the certificate of 127\.0\.0\.1 has expired.*; by the relay's it is valid/] };
		},
		'a certificate that is expired by any clock': async () => {
			const c = dated(-40, -9.5);
			const server = https.createServer({ cert: c.pem, key: readFileSync(c.key) }, (_, r) => r.setHeader('Date', new Date(Date.now() + 20 * 86_400_000).toUTCString()).end());
			return { args: [...at(await serve(w, server), 'https'), '--ca', c.cert], first: 'tls', says: /has expired, 9 days ago/, code: 3 };
		},
		'a certificate for another name': async () => {
			const c = dated(-1, 90, 'DNS:hooks.example.com');
			return { args: [...await tls(c.cert, c.key), '--ca', c.cert], first: 'tls', says: /is for hooks\.example\.com, and not for localhost/, code: 3, both: 3 };
		},
		'another key than the pinned one': async () => ({ args: [...await tls(chain.chain, chain.key), '--ca', chain.root, '--pin', mine.pin], first: 'tls', says: /is not the pinned one/, code: 3 }),

		'a clock that is wrong': async () => {
			const server = http.createServer((_, r) => r.setHeader('Date', new Date(Date.now() + 600_000).toUTCString()).end());
			return { args: at(await serve(w, server)), first: 'relay', second: 'clock', says: /web server/, code: 3 };
		},

		'an unknown token': async () => ({ args: ['--relay', strictUrl], env: { CREEL_TOKEN: `creel_${'0'.repeat(64)}` }, first: 'token', says: /refused: it does not know this token$/, code: 3, both: 3 }),
		'no token where one is wanted': async () => ({ args: ['--relay', strictUrl], first: 'token', says: /refused: it wants a token, and none was given$/, code: 3, both: 3 }),
		'a password for a token': async () => ({ args: ['--relay', strictUrl], env: { CREEL_TOKEN: 'hunter2' }, first: 'token', says: /does not know this token, which is not creel_ and 64 digits/, code: 3, both: 3 }),
		'a token with a line break': async () => ({ args: ['--relay', strictUrl], env: { CREEL_TOKEN: 'creel_a\nX: y' }, first: 'token', says: /^the token holds a line break, a blank or another character that no token has/, code: 2 }),
		'a name of another token': async () => ({ args: ['--relay', strictUrl, '--config', file('[listen]\nname = taken\n')], env: { CREEL_TOKEN: berta }, first: 'token', says: /the tunnel's name taken belongs to another token$/, code: 3 }),
		'a token over http to elsewhere': async () => ({ args: ['--relay', 'http://127.0.0.1.example.invalid'], env: { CREEL_TOKEN: anna }, first: 'dns', says: /cannot be resolved/, code: 3 }),

		'a public URL that leads elsewhere': async () => {
			const other = w.keep(await Receiver.start());
			const { data, token } = await w.makeData();
			const lost = await w.startRelay({ data, args: ['--public-url', `http://127.0.0.1:${other.port}`] });
			return { args: ['--relay', `http://127.0.0.1:${lost.port}`], env: { CREEL_TOKEN: token }, first: 'url', says: /did not come to this machine; what is there answered 200/, code: 3 };
		},
		'a public URL without an address': async () => {
			const { data, token } = await w.makeData();
			const lost = await w.startRelay({ data, args: ['--public-url', 'http://hooks.invalid'] });
			return { args: ['--relay', `http://127.0.0.1:${lost.port}`], env: { CREEL_TOKEN: token }, first: 'url', says: /the name hooks\.invalid cannot be resolved$/, code: 3 };
		},

		'the app is down': async () => ({ args: ['--relay', url, '--target', String(await freePort())], first: 'target', says: /does not answer: nothing is listening/, code: 5 }),
		'the app speaks TLS': async () => ({ args: ['--relay', url, '--target', `${(await serve(w, https.createServer({ cert: mine.pem, key: readFileSync(mine.key) }))).at.split(':')[1]}`], first: 'target', says: /it seems to speak TLS/, code: 5 }),
		'the app speaks plain HTTP': async () => ({ args: ['--relay', url, '--target', `https://${(await serve(w, http.createServer())).at}`], first: 'target', says: /does not speak TLS/, code: 5 }),
		'the app’s certificate': async () => ({ args: ['--relay', url, '--target', `https://${(await serve(w, https.createServer({ cert: mine.pem, key: readFileSync(mine.key) }))).at}`], first: 'target', says: /is signed by itself/, code: 5 }),
		'the app is silent': async () => ({ args: ['--relay', url, '--target', (await serve(w, net.createServer())).at.split(':')[1]], first: 'target', says: /takes connections, but does not answer as an app does: localhost:\d+ did not answer within 5 s$/, code: 5 }),
		'the app never ends its TLS handshake': async () => ({ args: ['--relay', url, '--target', `https://${(await serve(w, net.createServer())).at}`], first: 'target', says: /does not answer: 127\.0\.0\.1:\d+ took the connection and did not set TLS up within 5 s$/, todo: /write http:\/\/ if it speaks plain HTTP/, code: 5 }),
		'the app answers garbage': async () => ({ args: ['--relay', url, '--target', (await serve(w, net.createServer((s) => s.once('data', () => s.end(Buffer.from([0, 1, 255])))))).at.split(':')[1]], first: 'target', says: /does not speak HTTP: its answer begins with "\\x00\\x01\\xff"$/, code: 5 }),
		'the app resets': async () => ({ args: ['--relay', url, '--target', (await serve(w, net.createServer((s) => s.once('data', () => s.resetAndDestroy())))).at.split(':')[1]], first: 'target', says: /broke off before it answered: it reset the connection$/, code: 5 }),
		'the CA file of the app is not there': async () => ({ args: ['--relay', url, '--target', 'https://localhost:1', '--target-ca', w.path('none.pem')], first: 'target', says: /^the CA file \S+none\.pem cannot be read, or holds no certificate in PEM$/, code: 2 }),
		'the app’s name is unknown': async () => ({ args: ['--relay', url, '--target', 'http://nobody.invalid:3000'], first: 'target', says: /the name of nobody\.invalid:3000 cannot be resolved$/, code: 5 }),
		'the app is an SSH server': async () => ({ args: ['--relay', url, '--target', (await serve(w, net.createServer((s) => s.write('SSH-2.0-X\r\n')))).at.split(':')[1]], first: 'target', says: /does not speak HTTP: its answer begins with "SSH-2\.0-X/, code: 5 }),
		'the app is no target': async () => ({ args: ['--relay', url, '--target', '3000:x'], first: 'target', says: /is not a target/, code: 2 }),
		'the app’s socket is not there': async () => ({ args: ['--relay', url, '--target', `unix:${w.path('none.sock')}`], first: 'target', says: /the socket unix:\S+none\.sock does not exist/, code: 5 }),
	};

	const plain = (text, what) => {
		const found = LIBRARY.exec(text.replaceAll(w.dir, '').replaceAll(/libwebsockets-evlib-uv|sqlite3 (FILE|NEW)|SSL_CERT_(FILE|DIR)/g, ''));
		assert.equal(found, null, `${what}: "${found?.[0]}" in: ${text}`);
	};

	// Three at once: most of each is a wait for somebody who does not answer.
	describe('each of them alone', { concurrency: 3 }, () => {
		for (const [what, make] of Object.entries(FAULTS))
			it(`${what}`, async () => {
				const fault = await make();
				const env = { XDG_DATA_HOME: w.fresh('data'), ...fault.env };
				mkdirSync(env.XDG_DATA_HOME, { mode: 0o700 });
				const r = await w.creel(['doctor', '--json', ...fault.args], { env });
				const told = JSON.parse(r.text);
				const wrong = told.checks.find((c) => c.name === told.first_wrong);
				assert.equal(told.first_wrong, fault.first, JSON.stringify(told.checks, null, 1));
				assert.match(wrong.text, fault.says);
				assert.equal(r.code, fault.code);
				if (fault.todo) assert.match(wrong.todo, fault.todo);
				if (fault.second) assert.ok(told.checks.some((c) => c.name === fault.second && c.result === 'fail'), r.text);
				if (fault.warns) assert.match(told.checks.find((c) => c.name === fault.warns[0]).text, fault.warns[1]);
				plain(r.text + r.err, 'doctor');
				if (!fault.both) return;
				const relayUrl = fault.args[fault.args.indexOf('--relay') + 1];
				const rest = fault.args.filter((word, i) => !['--relay'].includes(word) && fault.args[i - 1] !== '--relay');
				const [listen, login] = await Promise.all([
					w.creel(['listen', '1', '--relay', relayUrl, '--connect-timeout', '6s', '--db', w.fresh('db'), ...rest], { env }),
					w.creel(['login', relayUrl, ...(fault.env?.CREEL_TOKEN ? [] : ['--no-token']), '--config', w.fresh('config.ini'), ...rest], { env }),
				]);
				for (const [name, p] of [['listen', listen], ['login', login]]) {
					assert.equal(p.code, fault.both, `${name}: ${p.err}`);
					assert.ok((p.err + p.text).includes(wrong.text.replace(/; issuers trusted here: .*/, '')), `${name}: ${p.err}\n${wrong.text}`);
					plain(p.err + p.text, name);
				}
			});
	});

	it('listen says who has not answered by --connect-timeout', async () => {
		const silent = await serve(w, net.createServer());
		const late = (env, ...args) => w.creel(['listen', '1', ...args, '--connect-timeout', '700ms', '--db', w.fresh('db')], { env: { NO_PROXY: '', no_proxy: '', ...env } });
		const [relayed, proxy] = await Promise.all([late({}, ...at(silent)), late({ http_proxy: `http://${silent.at}` }, '--relay', url)]);
		assert.match(relayed.err, /not online within 700ms: the relay \S+ took the connection and did not answer within 0\.7 s/);
		assert.match(proxy.err, /not online within 700ms: the proxy \S+, which http_proxy names, .* did not answer within 0\.7 s/);
		assert.deepEqual([relayed.code, proxy.code], [3, 3]);
	});

	it('a relay says itself that its chain is not whole, or its certificate out of date', async () => {
		const log = async (cert, key) => {
			const r = await w.startRelay({ args: ['--tls-cert', cert, '--tls-key', key] });
			await r.stop('SIGTERM');
			plain(r.err, 'relay');
			return r.err;
		};
		assert.match(await log(chain.leaf, chain.key), /level=warn event=certificate_chain file=\S+leaf\.crt text="the file has 1 certificate and not that of Int, .*fullchain\.pem/);
		const signed = `${readFileSync(chain.chain, 'utf8')}${readFileSync(chain.root, 'utf8')}`;
		assert.doesNotMatch(await log(file(signed), chain.key), /certificate_chain/);
		assert.doesNotMatch(await log(mine.cert, mine.key), /certificate_chain/);
		const old = dated(-40, -9.5);
		assert.match(await log(old.cert, old.key), /event=certificate_date .*it has expired, 9 days ago/);
		const young = dated(10.5, 40);
		assert.match(await log(young.cert, young.key), /event=certificate_date .*it begins in 10 days/);
	});

	it('out of file descriptors: the app is not blamed for it', async () => {
		const waiting = [];
		const app = w.keep(await Receiver.start({ answer: (_, socket) => waiting.push(socket) }));
		const ready = w.fresh('ready');
		const c = w.spawn('sh', ['-c', 'ulimit -n 48; exec "$@"', 'sh', path.join(binDir, 'creel'), 'listen', String(app.port), '--relay', url, '--name', 'few', '--db', w.fresh('few.db'), '--ready-file', ready, '--output', 'json', '--wait-for-target', '200ms']);
		c.kind = 'client';
		await w.fileFrom(c, ready);
		const sent = Array.from({ length: 60 }, () => post(relay.port, '/few/x'));
		await waitFor('some of them to have failed', () => c.events.some((e) => e.type === 'attempt' && e.result === 'unreachable'));
		const over = setInterval(() => waiting.splice(0).forEach((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')), 20);
		const answers = await Promise.all(sent);
		clearInterval(over);
		const failed = answers.filter((a) => a.status === 502);
		assert.ok(failed.length > 0, 'the limit was met');
		for (const a of failed) assert.match(a.text, /file descriptors ran out before localhost:\d+ could be called; raise the limit \(ulimit -n\)/);
		assert.ok(!c.err.includes('nothing is listening'), c.err);
	});

	it('out of file descriptors from the start: whatever cannot be opened, it is named as that, once', async () => {
		const listen = ['listen', '1', '--relay', url, '--name', 'fewest', '--db', w.fresh('fewest.db'), '--connect-timeout', '300ms', '--output', 'lines'];
		const doctor = ['doctor', '--relay', url, '--target', String(relay.port), '--db', w.fresh('none.db')];
		for (const [line, most] of [[listen, 9], [doctor, 12]])
			for (let few = 5; few <= most; few++) {
				const r = await w.run('sh', ['-c', `ulimit -n ${few}; exec "$@"`, 'sh', path.join(binDir, 'creel'), ...line]);
				const said = `${line[0]}, ${few} files, status ${r.code}: ${r.text}${r.err}`;
				plain(said, line[0]);
				assert.ok(r.code > 0 && r.code < 128, said);
				assert.match(said, /raise the limit \(ulimit -n\)|error while loading shared libraries/);
				assert.doesNotMatch(said, /\(Too many open files\)|nothing is listening on port|ended the connection before/);
			}
	});

	it('status says why a client is offline, in the same words', async () => {
		const db = w.fresh('status.db');
		const server = await serve(w, http.createServer((_, r) => r.writeHead(404).end()));
		const c = await w.startClient({ relayUrl: `http://${server.at}`, target: 1, name: 'x', db, wait: false });
		const words = /answered 404 where a tunnel should open: a web server is there, and not a creel relay/;
		for (;;) {
			const r = await w.creel(['status', '--db', db]);
			plain(r.text, 'status');
			if (words.test(r.text)) break;
			assert.equal(c.result, undefined, c.err);
		}
		assert.equal((await c.stop('SIGINT')).code, 130);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
