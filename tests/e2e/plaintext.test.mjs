// Nothing in clear: what comes unencrypted to a relay that has a certificate, from elsewhere than its own machine.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { enterNetns, hasNetns } from './lib/netns.mjs';
import { makeCertificate } from './lib/tls.mjs';

const HERE = '10.77.0.1', HERE6 = 'fd77::1';
const UPGRADE = ['-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket', '-H', 'Sec-WebSocket-Version: 13', '-H', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '-H', 'Sec-WebSocket-Protocol: creel.v1'];

describe('plaintext to a relay with a certificate', { skip: !hasNetns }, () => {
	let w, app, certificate, token, relay, named, hosts;
	before(async () => {
		w = new World();
		certificate = makeCertificate(w.dir, 'tls', `DNS:localhost,IP:127.0.0.1,IP:${HERE}`);
		await enterNetns(w, [`${HERE}/24`, `${HERE6}/64`]);
		app = w.spawn('node', ['-e', `const s = require('http').createServer((q, r) => { console.log(q.method + ' ' + q.url); r.end('app'); }); s.listen(0, '127.0.0.1', () => console.log(s.address().port));`]);
		const port = await waitFor('the app', () => app.stdout.toString().split('\n')[1] !== undefined && app.stdout.toString().split('\n')[0]);
		const tls = ['--tls-cert', certificate.cert, '--tls-key', certificate.key];
		const start = async (args, listen = '[::]:0') => {
			const made = await w.makeData();
			return Object.assign(await w.startRelay({ data: made.data, listen, args: [...tls, ...args] }), { token: made.token });
		};
		relay = await start(['--tunnel-listen', `${HERE}:0`]);
		named = await start(['--public-url', 'https://hooks.example.com:8443/creel/']);
		hosts = await start(['--domain', 'hooks.example.com', '--public-url', 'https://hooks.example.com:8443']);
		token = { CREEL_TOKEN: relay.token };
		relay.tunnels = Number(/event=listening address=10\.77\.0\.1:(\d+) for=tunnels/.exec(relay.err)[1]);
		relay.client = await w.startClient({ relayUrl: `https://${HERE}:${relay.port}`, target: port, name: 'shop', args: ['--ca', certificate.cert], env: token });
	});
	after(() => w?.close());

	/** { status, location, refused, text } of a request by curl. */
	async function curl(url, ...args) {
		const r = await w.run('curl', ['-sS', '-g', '--path-as-is', '-i', '--max-time', '15', '--http1.1', ...args, url]);
		assert.ok(r.code === 0 || r.text, `curl ${url}: ${r.err}`);
		const [head, ...rest] = r.text.split('\r\n\r\n');
		const field = (name) => new RegExp(`^${name}: (.*)$`, 'mi').exec(head)?.[1];
		return { status: Number(head.split(' ')[1]), location: field('Location'), refused: field('Creel-Refused'), text: rest.join('\r\n\r\n') };
	}
	const called = () => app.stdout.toString().split('\n').length;

	it('GET and HEAD are sent on to https, with the target as it came', async () => {
		const seen = called();
		for (const [at, port] of [[HERE, relay.port], [`[${HERE6}]`, relay.port], [HERE, relay.tunnels]])
			for (const args of [[], ['-I']]) {
				const a = await curl(`http://${at}:${port}/shop/a%2Fb//c/../d?x=1&y=%20`, ...args);
				assert.deepEqual([a.status, a.location, a.refused], [308, `https://${at}:${port}/shop/a%2Fb//c/../d?x=1&y=%20`, 'to_https']);
				if (!args.length) assert.match(a.text, /^creel: This relay answers over TLS alone: use https:.*\.\n$/);
			}
		assert.equal(called(), seen, 'the app was not called');
	});

	it('and arrive there', async () => {
		const r = await w.run('curl', ['-sS', '-L', '--cacert', certificate.cert, `http://${HERE}:${relay.port}/shop/followed`]);
		assert.equal(r.text, 'app', r.err);
	});

	it('to the relay’s own name, whatever Host says', async () => {
		for (const host of ['evil.example', 'hooks.example.com', '']) {
			const a = await curl(`http://${HERE}:${named.port}//evil.example/x`, '-H', host ? `Host: ${host}` : 'Host;');
			assert.deepEqual([a.status, a.location], [308, 'https://hooks.example.com:8443//evil.example/x'], host);
		}
		assert.equal((await curl(`http://${HERE}:${hosts.port}/x`, '-H', 'Host: Shop.hooks.example.com')).location, 'https://Shop.hooks.example.com:8443/x');
		assert.equal((await curl(`http://${HERE}:${hosts.port}/x`, '-H', 'Host: shop.hooks.example.com:80')).location, 'https://shop.hooks.example.com:8443/x');
		for (const host of ['evil.example', 'shop.hooks.example.com.evil.example', '..hooks.example.com'])
			assert.equal((await curl(`http://${HERE}:${hosts.port}/x`, '-H', `Host: ${host}`)).location, 'https://hooks.example.com:8443/x', host);
	});

	it('without a name of its own: to the Host when it is one, else to the address that was reached', async () => {
		const to = async (host) => (await curl(`http://${HERE}:${relay.port}/x`, '-H', host ? `Host: ${host}` : 'Host;')).location;
		assert.equal(await to('hooks.example.com'), 'https://hooks.example.com/x');
		assert.equal(await to('hooks.example.com:444'), 'https://hooks.example.com:444/x');
		for (const host of ['', "a'b", 'a%b', '..'])
			assert.equal(await to(host), `https://${HERE}:${relay.port}/x`, host);
		const old = await curl(`http://${HERE}:${relay.port}/x`, '--http1.0', '-H', 'Host:');
		assert.deepEqual([old.status, old.location], [308, `https://${HERE}:${relay.port}/x`]);
	});

	it('nowhere when Host is no host', async () => {
		for (const port of [relay.port, named.port, hosts.port])
			for (const host of ['a@evil.example', '//evil.example', 'evil.example/x', 'evil.example?', 'a b', 'evil.example:80:80', '[::1', 'ev\u00efl.example', 'a"b', '<b>', 'a\\b', 'a@b.hooks.example.com', 'evil.example/.hooks.example.com', 'evil.example#.hooks.example.com']) {
				const a = await curl(`http://${HERE}:${port}/x`, '-H', `Host: ${host}`);
				assert.deepEqual([a.status, a.location, a.refused], [400, undefined, 'host'], host);
			}
	});

	it('nothing of a target breaks out of Location', async () => {
		const request = 'GET /shop/caf\xe9\\\\x/<">?\\\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
		const script = `require('net').connect(${relay.port}, '${HERE}').on('data', (d) => process.stdout.write(d)).write(Buffer.from('${Buffer.from(request, 'latin1').toString('base64')}', 'base64'))`;
		const r = await w.run('node', ['-e', script]);
		assert.match(r.text, /^HTTP\/1\.1 308 [^]*\r\nLocation: https:\/\/a\/shop\/caf%E9%5C%5Cx\/<">\?%5C%FF\r\n/, r.err);
	});

	it('every other method is refused with a sentence', async () => {
		const seen = called();
		for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'get'])
			for (const port of [relay.port, named.port, relay.tunnels]) {
				const a = await curl(`http://${HERE}:${port}/shop/x`, '-X', method, ...(method === 'POST' ? ['--data-binary', 'x'.repeat(100_000)] : []));
				assert.deepEqual([a.status, a.location, a.refused], [403, undefined, 'plaintext'], method);
				assert.match(a.text, /^creel: This relay takes webhooks and tunnels over TLS alone: use https:.*\.\n$/);
			}
		assert.equal(called(), seen, 'the app was not called');
	});

	it('there is no tunnel, nor any other WebSocket', async () => {
		for (const url of [`http://${HERE}:${relay.port}/_creel/tunnel`, `http://[${HERE6}]:${relay.port}/_creel/tunnel?x`, `http://${HERE}:${relay.tunnels}/_creel/tunnel`, `http://${HERE}:${relay.port}/shop/ws`]) {
			const a = await curl(url, ...UPGRADE);
			assert.deepEqual([a.status, a.location, a.refused], [403, undefined, 'plaintext'], url);
		}
		assert.equal((await curl(`http://${HERE}:${relay.port}/_creel/tunnel`)).status, 403);
	});

	it('creel is told so in one sentence, and does not try again', async () => {
		for (const port of [relay.port, relay.tunnels]) {
			const r = await w.creel(['listen', '3000', '--relay', `http://${HERE}:${port}`, '--name', 'clear', '--output', 'lines']);
			assert.equal(r.code, 3, r.err);
			assert.match(r.err, /^creel: the relay http:\S+ refused: it takes tunnels over TLS alone; write https:\/\/ in the place of http:\/\/$/m);
		}
	});

	it('from this very machine it comes in: a proxy in front has ended TLS', async () => {
		for (const at of ['127.0.0.1', '[::1]']) {
			assert.deepEqual((({ status, text }) => [status, text])(await curl(`http://${at}:${relay.port}/shop/near`, '-d', 'x')), [200, 'app']);
			assert.equal((await curl(`http://${at}:${relay.port}/shop/near`)).status, 200);
			const c = await w.startClient({ relayUrl: `http://${at}:${relay.port}`, target: 3000, name: 'near', env: token });
			await c.stop('SIGINT');
		}
	});

	it('a relay without a certificate takes it: a proxy elsewhere has ended TLS', async () => {
		const { data } = await w.makeData();
		const bare = await w.startRelay({ data, listen: `${HERE}:0` });
		assert.equal((await curl(`http://${HERE}:${bare.port}/none/x`, '-d', 'x')).status, 404);
	});
});

describe('a relay without tokens', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	const refused = async (...args) => {
		const data = w.fresh('empty');
		const r = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', data, ...args]);
		assert.equal(r.code, 2, `${args} ${r.err}`);
		assert.match(r.err, new RegExp(`^creel-relay: without tokens the relay is for this machine alone, and ${args[0]} .* is not: make a token with \`creel-relay token add NAME --data ${data}\`$`, 'm'));
		// The command of the sentence is the remedy.
		assert.equal((await w.run('creel-relay', ['token', 'add', 'anna', '--data', data])).code, 0);
		await (await w.startRelay({ data, args })).stop('SIGTERM');
	};

	it('refuses a public URL that is not loopback, and names the command that makes one', async () => {
		for (const url of ['https://hooks.example.com', 'http://hooks.example.com:8080/x', 'http://10.0.0.1', 'https://[2001:db8::1]', 'http://localhost.example.com', 'http://127.0.0.1.example.com', 'http://localhost@evil.example', 'http://0.0.0.0:80'])
			await refused('--public-url', url);
	});

	it('refuses a domain that is not', async () => {
		for (const domain of ['hooks.example.com', 'localhost.example.com', 'xlocalhost']) await refused('--domain', domain);
	});

	it('takes what is loopback', async () => {
		for (const args of [['--public-url', 'http://localhost:9'], ['--public-url', 'https://127.0.0.1'], ['--public-url', 'http://127.3.2.1/x'], ['--public-url', 'http://[::1]:80'], ['--public-url', 'http://creel.localhost'], ['--domain', 'localhost'], ['--domain', 'hooks.localhost']])
			await (await w.startRelay({ args })).stop('SIGTERM');
	});

	it('refuses it also once the last token was revoked', async () => {
		const { data } = await w.makeData();
		await w.run('creel-relay', ['token', 'revoke', 'me', '--data', data]);
		const r = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', data, '--public-url', 'https://hooks.example.com']);
		assert.equal(r.code, 2);
	});
});
