// Tokens and secrets as they come out of a page, a chat, a .env file or an editor: what got around them is taken away where it is safe, and named.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';

describe('tokens', () => {
	let w, relay, token, url;
	before(async () => {
		w = new World();
		const made = await w.makeData();
		token = made.token;
		relay = await w.startRelay({ data: made.data });
		url = `http://127.0.0.1:${relay.port}`;
	});
	after(() => w?.close());

	const ways = {
		'a byte order mark': (t) => `\ufeff${t}\r\n`,
		'UTF-16, as PowerShell writes it': (t) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${t}\r\n`, 'utf16le')]),
		'quotes': (t) => `"${t}"\n`,
		'curly quotes': (t) => `“${t}”`,
		'blanks and line ends': (t) => `  ${t} \n\n`,
		'CREEL_TOKEN=': (t) => `CREEL_TOKEN=${t}\n`,
		'export': (t) => `# for creel\nexport CREEL_TOKEN='${t}'\n`,
		'JSON': (t) => `{"token": "${t}"}`,
		'a header': (t) => `Authorization: Bearer ${t}`,
		'two lines': (t) => `${t.slice(0, 40)}\n${t.slice(40)}\n`,
		'base64': (t) => `${Buffer.from(`${t}\n`).toString('base64')}\n`,
		'a zero-width space': (t) => `\u200b${t}\u200b`,
	};

	for (const [what, wrap] of Object.entries(ways))
		it(`login takes it out of ${what}, and keeps it clean`, async () => {
			const config = w.fresh('config.ini');
			writeFileSync(w.path('token'), wrap(token));
			const r = await w.creel(['login', url, '--token', `@${w.path('token')}`, '--config', config]);
			assert.equal(r.code, 0, r.err);
			assert.match(readFileSync(config, 'utf8'), new RegExp(`^token = ${token}$`, 'm'));
			assert.ok(!r.err.includes(token.slice(6)));
		});

	it('CREEL_TOKEN and the config file likewise; said once by login', async () => {
		const app = w.keep(await Receiver.start());
		for (const wrap of [(t) => `"${t}"`, (t) => `CREEL_TOKEN=${t}`, (t) => ` ${t}\r`]) {
			const c = await w.startClient({ relay, target: app.port, name: 'env', env: { CREEL_TOKEN: wrap(token) } });
			assert.equal((await post(relay.port, '/env/x')).status, 200);
			assert.equal((await c.stop('SIGINT')).code, 130);
			const d = await w.creel(['doctor', '--relay', url], { env: { CREEL_TOKEN: wrap(token) } });
			assert.equal(d.code, 0, d.text);
		}
		const r = await w.creel(['login', url, '--config', w.fresh('config.ini')], { env: { CREEL_TOKEN: `'${token}'` } });
		assert.match(r.err, /^creel: the token is taken without what was around it, or broke it into lines$/m);
	});

	it('what is not whole, or several, is named; nothing is sent', async () => {
		const login = (text) => w.creel(['login', 'http://127.0.0.1:9', '--token', '@-', '--config', w.fresh('config.ini')], { input: text });
		for (const [text, words] of [
			[token.slice(0, -1), /^creel: this is not a whole token: it has 63 digits after creel_, and those of creel-relay have 64/],
			[`${token}0`, /it has 65 digits/],
			[`${token}\n${token.slice(0, -4)}0000\n`, /^creel: there are several tokens/],
			['two words', /^creel: the token holds blanks: it is one word, creel_ and 64 digits/],
		]) {
			const r = await login(text);
			assert.deepEqual([r.code, r.text], [2, '']);
			assert.match(r.err, words);
		}
	});

	it('one that cannot be a token of creel-relay: the refusal says so', async () => {
		const r = await w.creel(['login', url, '--config', w.fresh('config.ini')], { env: { CREEL_TOKEN: 'anna' } });
		assert.equal(r.code, 3);
		assert.match(r.err, /refused: it does not know this token, which is not creel_ and 64 digits as those of creel-relay are; copy it once more/);
	});

	it('login looks at the URL before it asks for a token', async () => {
		for (const [given, words] of [['ftp://x', /'ftp:\/\/x' is not a relay/], ['https://', /is not a relay/], ['hooks.example.com', /did you mean https:\/\/hooks\.example\.com\?/], ['127.0.0.1:8080', /did you mean http:\/\/127\.0\.0\.1:8080\?/], ['"https://h"', /did you mean https:\/\/h\?/], ['http://h?x=1', /ends at its host/], [`creel_${'1'.repeat(64)}`, /a token stands where the relay's URL should/], ['http://u:p@h', /holds a user or password/]]) {
			const r = await w.creel(['login', given], { input: '' });
			assert.equal(r.code, 2);
			assert.match(r.err, words);
			assert.ok(!/secret|token of/.test(r.err), r.err);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('secrets of providers', () => {
	let w, relay;
	const key = 's3cr3t-of-the-test';
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'shop' });
	});
	after(() => w?.close());

	const body = '{"action":"opened"}';
	const standard = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
	async function verdict(provider, fields, saved) {
		await post(relay.port, `/shop/${provider}`, body, fields);
		const row = await w.recorded((r) => r.target === `/${provider}` && r.state === 'delivered');
		writeFileSync(w.path('secret'), saved);
		return w.creel(['verify', String(row.id), '--secret', `${provider}=@${w.path('secret')}`]);
	}
	const github = ['Content-Type: application/json', 'X-GitHub-Event: issues', `X-Hub-Signature-256: sha256=${createHmac('sha256', key).update(body).digest('hex')}`];
	const time = Math.floor(Date.now() / 1000);
	const svix = ['Content-Type: application/json', 'svix-id: msg_1', `svix-timestamp: ${time}`,
		`svix-signature: v1,${createHmac('sha256', Buffer.from(standard.slice(6), 'base64')).update(`msg_1.${time}.${body}`).digest('base64')}`];

	for (const [what, saved, says] of [
		['a byte order mark', `\ufeff${key}\n`],
		['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${key}\r\n`, 'utf16le')])],
		['a CR at its end', `${key}\r\n`],
		['NAME=', `GITHUB_SECRET=${key}\n`, /is taken without the variable's name before it/],
		['export and quotes', `export GITHUB_SECRET="${key}"\n`, /is taken without the variable's name before it/],
	])
		it(`one that may be any text, with ${what}: valid`, async () => {
			const r = await verdict('github', github, saved);
			assert.equal(r.code, 0, r.err + r.text);
			if (says) assert.match(r.err, says);
			assert.ok(!(r.err + r.text).includes(key));
		});

	for (const [what, saved, says] of [
		['quotes', `"${standard}"\n`, /is taken without the quotes around it/],
		['quotes and blanks', ` '${standard}' \n`, /is taken without/],
	])
		it(`one of a known form, with ${what}: valid, and said`, async () => {
			const r = await verdict('svix', svix, saved);
			assert.equal(r.code, 0, r.err + r.text);
			assert.match(r.err, says);
			assert.ok(!(r.err + r.text).includes(standard.slice(6)));
		});

	it('base64 of one is base64, too: named', async () => {
		const r = await verdict('svix', svix, `${Buffer.from(`${standard}\n`).toString('base64')}\n`);
		assert.equal(r.code, 1);
		assert.match(r.text + r.err, /decoded from the base64 that it was written in/);
	});

	it('quotes that could be the secret’s own stay, and are named', async () => {
		const r = await verdict('github', github, `"${key}"`);
		assert.equal(r.code, 1);
		assert.match(r.text + r.err, /without the quotes around it/);
	});
	it('a line of JSON, YAML or a shell’s, other quotes: named', async () => {
		for (const [text, words] of [[`“${key}”`, /without the quotes around it/], ['`' + key + '`', /without the quotes around it/], [`{"secret":"${key}"}`, /without the name before it/],
			[`secret: ${key}`, /without the name before it/], [`set -x SECRET '${key}'`, /without the name before it/], [`${key},`, /and the punctuation around it/]]) {
			const r = await verdict('github', github, text);
			assert.equal(r.code, 1, text);
			assert.match(r.text + r.err, words);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
