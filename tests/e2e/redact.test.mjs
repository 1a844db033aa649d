// creel export --redact: forty kinds of secrets are planted in every place of requests and answers, and none is left in
// any format, however it is coded there; what is no secret stays as it came, and the files are still what they were.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import validator from 'har-validator';
import { binDir } from './lib/harness.mjs';
import { field, Receiver, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

// In two pieces, so that scanners of repositories do not take them for real ones.
const SHAPES = {
	'Stripe live key': ['sk_live_', '4eC39HqLyjWDarjtT1zdp7dc'],
	'Stripe test key': ['sk_test_', '5fD39HqLyjWDarjtT1zdp7dd'],
	'Stripe restricted key': ['rk_live_', '6gE39HqLyjWDarjtT1zdp7de'],
	'webhook secret': ['whsec_', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
	'GitHub ghp': ['ghp_', '16C7e42F292c6912E7710c838347Ae178B4a'],
	'GitHub gho': ['gho_', '17C7e42F292c6912E7710c838347Ae178B4b'],
	'GitHub ghs': ['ghs_', '18C7e42F292c6912E7710c838347Ae178B4c'],
	'GitHub fine-grained': ['github_pat_', '11AAAAAAA0aBcDeFgHiJkL_mNoPqRsTuVwXyZ'],
	GitLab: ['glpat-', 'ABCdef123456ABCdef12'],
	'Slack bot': ['xoxb-', '123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx'],
	'Slack user': ['xoxp-', '223456789012-1234567890123-BbCdEfGhIjKlMnOpQrStUvWx'],
	'Slack app': ['xapp-', '1-A0123-456-abcdef0123'],
	'Slack webhook': ['https://hooks.slack.com/services/', 'T00000000/B00000000/aBcDeFgHiJkLmNoPqRsTuVwX'],
	'Discord webhook': ['https://discord.com/api/webhooks/', '123456789012345678/abcdefghij0123456789ABCDEFGHIJ'],
	'AWS key id': ['AKIA', 'IOSFODNN7EXAMPLE'],
	'AWS temporary key id': ['ASIA', 'JOSFODNN7EXAMPLE'],
	'AWS secret key': ['wJalrXUtnFEMI/K7MDENG', '/bPxRfiCYEXAMPLEKEY'],
	'Google API key': ['AIza', 'SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe'],
	'Google OAuth': ['ya29.', 'a0AfH6SMBx1234567890abcdef'],
	SendGrid: ['SG.', 'ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmbihYzrnopKc1s5cr'],
	'Shopify token': ['shpat_', '0123456789abcdef0123456789abcdef'],
	'Shopify secret': ['shpss_', '1123456789abcdef0123456789abcdef'],
	Square: ['sq0atp-', 'abcdefghijklmnopqrstuv'],
	npm: ['npm_', 'abcdefghijklmnopqrstuvwxyz0123456789'],
	PyPI: ['pypi-', 'AgEIcHlwaS5vcmcCJGFiY2RlZjEyMzQ1'],
	DigitalOcean: ['dop_v1_', '2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
	'Hugging Face': ['hf_', 'abcdefghijklmnopqrstuvwxyzABCDEFGH'],
	Meta: ['EAAC', 'EdEose0cBA1234567890abcdefghijklmnop'],
	'Discord bot': ['MTk4NjIyNDgzNDcxOTI1MjQ4', '.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs'],
	'Telegram bot': ['110201543', ':AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw'],
	creel: ['creel_', 'abcdefghij0123456789abcdefghij01'],
	OpenAI: ['sk-proj-', 'abcdefghij0123456789ABCDEFGHIJ'],
	Anthropic: ['sk-ant-', 'api03-abcdefghij0123456789'],
	Mailgun: ['key-', '3123456789abcdef0123456789abcdef'],
	Twilio: ['SK', '4123456789abcdef0123456789abcdef'],
	JWT: ['eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'],
	Bearer: ['Bearer ', 'opaque0123456789abcdefgh'],
	Basic: ['Basic ', 'bWU6aHVudGVyMmh1bnRlcjI='],
	'user in URL': ['postgres://me:', 'planted-in-a-url@db.test/x'],
	PEM: ['-----BEGIN RSA PRIVATE KEY-----', 'MIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9OiPLANTED-----END RSA PRIVATE KEY-----'],
};
const TOKENS = Object.values(SHAPES).map((pieces) => pieces.join(''));
// What may not be seen of each: what stands behind the part that tells what it is.
const HIDDEN = Object.entries(SHAPES).map(([kind, [, rest]]) => [kind, kind === 'user in URL' ? 'planted-in-a-url' : kind === 'PEM' ? 'MIIEpAIBAAKCAQEA3Tz2' : kind === 'JWT' ? 'eyJzdWIiOiIx' : kind === 'SendGrid' ? 'TwL2iGABf9' : rest]);
const NAMES = ['password', 'passwd', 'pwd', 'db_password', 'userPassword', 'passphrase', 'passcode', 'secret', 'client_secret', 'clientSecret', 'token', 'access_token', 'refreshToken', 'id_token', 'verification_token', 'api_key', 'apikey', 'X-Api-Key', 'access_key', 'private_key', 'secret_key', 'session_id', 'sessionid', 'csrf_token', '_csrf', 'authorization', 'auth', 'credential', 'credentials', 'jwt', 'client_state', 'clientState', 'signature', 'sig', 'hmac', 'otp', 'pw', 'connection_string', 'subscription-key', 'webhook_secret'];
const planted = (i, place) => `planted${place}${String(i).padStart(2, '0')}value`;
const ORDINARY = { id: 'evt_1MqqbKLt4dXK03v5qaIbiNCC', amount: 1999, type: 'invoice.paid', created: 1680064028, livemode: false, sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246', author: { name: 'Mona' }, usage: { total_tokens: 12 }, uuid: 'e38d8a2c-9d6f-4c33-bb0a-6f1f0d9c0c11' };

/** A value with all of them: names with values, tokens under names that say nothing, and both deeper. */
const everything = (place) => {
	const named = Object.fromEntries(NAMES.map((name, i) => [name, planted(i, place)]));
	const shaped = Object.fromEntries(TOKENS.map((token, i) => [`k${i}`, i % 2 ? token : `see ${token} there`]));
	return { ...ORDINARY, ...named, shaped, deep: { list: [{ more: { ...named } }, TOKENS], text: JSON.stringify({ named, shaped }), data: Buffer.from(JSON.stringify({ named, shaped })).toString('base64'), url: `https://a.test/x?ok=1&${NAMES.map((n, i) => `${n}=${planted(i, place)}`).join('&')}`, fields: NAMES.map((name, i) => ({ name, value: planted(i, place) })) } };
};
const json = (place) => JSON.stringify(everything(place), null, 1);
const pairs = (place) => [...NAMES.map((n, i) => [n, planted(i, place)]), ...TOKENS.map((t, i) => [`k${i}`, t]), ['payload', JSON.stringify(everything(place))], ['id', ORDINARY.id]];
const form = (place) => new URLSearchParams(pairs(place)).toString();
const multipart = (place) => [...pairs(place).map(([n, v]) => `--b0undary\r\nContent-Disposition: form-data; name="${n}"\r\n\r\n${v}\r\n`),
	`--b0undary\r\nContent-Disposition: form-data; name="file"; filename="ordinary.json"\r\nContent-Type: application/json\r\n\r\n${json(place)}\r\n`, '--b0undary--\r\n'].join('');
const xml = (place) => `<?xml version="1.0"?>\n<Envelope id="${ORDINARY.id}">${NAMES.map((n, i) => `<x:${n}>${planted(i, place)}</x:${n}><a ${n}="${planted(i, place)}"/>`).join('\n')}${TOKENS.map((t) => `<k>${t}</k>`).join('\n')}</Envelope>`;
const text = (place) => [`ordinary ${ORDINARY.id}`, ...NAMES.map((n, i) => `${n}=${planted(i, place)}`), ...NAMES.map((n, i) => `${n}: ${planted(i, place)}`), ...TOKENS.map((t) => `log ${t} end`)].join('\n');
const HEADERS = ['Authorization', 'Proxy-Authorization', 'X-Api-Key', 'X-Auth-Token', 'X-Access-Token', 'X-Csrf-Token', 'X-Session-Id', 'X-JWT-Assertion', 'Ocp-Apim-Subscription-Key', 'X-Amz-Security-Token', 'X-Goog-Api-Key', 'X-Functions-Key', 'X-Vault-Token', 'X-Shopify-Access-Token', 'X-Hook-Secret', 'Api-Key', 'X-Secret', 'X-Password', 'X-Credential', 'cf-webhook-auth', 'X-Trello-Webhook', 'X-Airtable-Content-MAC', 'Plaid-Verification', 'Paypal-Transmission-Sig', 'X-Telegram-Bot-Api-Secret-Token', 'X-Buildkite-Token', 'X-Goog-Channel-Token', 'X-Gitlab-Token', 'Stripe-Signature', 'X-Hub-Signature', 'X-Hub-Signature-256', 'X-Slack-Signature', 'X-Shopify-Hmac-Sha256', 'X-Twilio-Signature', 'webhook-signature', 'svix-signature', 'X-Signature-Ed25519', 'Linear-Signature', 'X-Line-Signature', 'X-HubSpot-Signature-v3'];
const query = (place) => pairs(place).filter(([n]) => n !== 'payload').map(([n, v]) => `${n}=${encodeURIComponent(v)}`).join('&');

const REQUESTS = {
	headers: () => ['POST', '/hooks/a', [...HEADERS.map((n, i) => `${n}: ${planted(i, 'header')}`), ...TOKENS.map((t, i) => `X-K${i}: ${t}`), 'X-GitHub-Event: push'], '{}'],
	cookies: () => ['POST', '/hooks/a', [`Cookie: ${NAMES.map((n, i) => `${n}=${planted(i, 'cookie')}`).join('; ')}`, `Cookie: ${TOKENS.map((t, i) => `k${i}=${t.replaceAll(' ', '_')}`).join('; ')}`], '{}'],
	query: () => ['POST', `/hooks/a?${query('query')}`, [`Referer: https://a.test/x?${query('referer')}`], '{}'],
	path: () => ['POST', `/hooks/${TOKENS.filter((t) => !/[ :]/.test(t)).join('/')}/token/planted-path-01/5f4dcc3b5aa765d61d8327deb882cf99`, [], '{}'],
	json: () => ['POST', '/hooks/json', ['Content-Type: application/json'], json('json')],
	'json of no type': () => ['POST', '/hooks/json', [], json('json')],
	'cut json': () => ['POST', '/hooks/json', ['Content-Type: application/json'], json('json').slice(0, -40)],
	form: () => ['POST', '/hooks/form', ['Content-Type: application/x-www-form-urlencoded'], form('form')],
	multipart: () => ['POST', '/hooks/parts', ['Content-Type: multipart/form-data; boundary=b0undary'], multipart('part')],
	xml: () => ['POST', '/hooks/xml', ['Content-Type: text/xml'], xml('xml')],
	text: () => ['POST', '/hooks/text', ['Content-Type: text/plain'], text('text')],
	binary: () => ['POST', '/hooks/bin', ['Content-Type: application/octet-stream'], Buffer.concat([Buffer.from([0, 1, 2, 255]), Buffer.from(TOKENS.join('\0')), Buffer.from([0, 254])])],
	gzip: () => ['POST', '/hooks/json', ['Content-Type: application/json', 'Content-Encoding: gzip'], zlib.gzipSync(json('gzip'))],
	deflate: () => ['POST', '/hooks/json', ['Content-Type: application/json', 'Content-Encoding: deflate'], zlib.deflateSync(json('gzip'))],
	br: () => ['POST', '/hooks/json', ['Content-Type: application/json', 'Content-Encoding: br'], zlib.brotliCompressSync(json('gzip'))],
	'gzip file': () => ['POST', '/hooks/json', ['Content-Type: application/gzip'], zlib.gzipSync(json('gzip'))],
	'unknown coding': () => ['POST', '/hooks/json', ['Content-Type: application/json', 'Content-Encoding: x-mine'], Buffer.concat([Buffer.from([0xff, 0xfe, 1]), Buffer.from(json('coded'))])],
	zstd: () => ['POST', '/hooks/json', ['Content-Type: application/json', 'Content-Encoding: zstd'], zstdOf(json('gzip'))],
	'utf-16': () => ['POST', '/hooks/json', ['Content-Type: application/json; charset=utf-16'], Buffer.from(json('wide'), 'utf16le')],
	'utf-16 undeclared': () => ['POST', '/hooks/json', ['Content-Type: application/json'], Buffer.from(json('wide'), 'utf16le')],
	'utf-16 with a mark': () => ['POST', '/hooks/json', ['Content-Type: application/json'], Buffer.from(`\ufeff${json('wide')}`, 'utf16le').swap16()],
	'utf-16 text': () => ['POST', '/hooks/text', ['Content-Type: text/plain; charset=utf-16le'], Buffer.from(`密码和别的东西 ${text('wide text')}`, 'utf16le')],
	'half a character': () => ['POST', '/hooks/json', ['Content-Type: application/json; charset=utf-16'], Buffer.from(json('wide'), 'utf16le').subarray(0, -1)],
	'shift_jis': () => ['POST', '/hooks/json', ['Content-Type: application/json; charset=Shift_JIS'], Buffer.concat([Buffer.from('{"\x83\x5c": "\x95\x5c", "in": ', 'latin1'), Buffer.from(json('gzip')), Buffer.from('}')])],
	'coded parts': () => ['POST', '/hooks/parts', ['Content-Type: multipart/mixed; boundary=B'], `--B\nContent-Type: application/json\nContent-Transfer-Encoding: base64\n\n${Buffer.from(json('gzip')).toString('base64').replace(/.{76}/g, '$&\n')}\n--B\nContent-Transfer-Encoding: quoted-printable\n\n${quoted(text('quoted'))}\n--B\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n${zlib.gzipSync(json('gzip')).toString('base64')}\n--B--\n`],
	ordinary: () => ['POST', '/hooks/ordinary?page=2', ['Content-Type: application/json', 'X-GitHub-Event: push', 'User-Agent: me/1'], JSON.stringify(ORDINARY)],
};
/** Quoted-printable (RFC 2045) with soft ends of lines in the middle of words. */
function quoted(all) {
	return all.replace(/=/g, '=3D').replace(/planted/g, 'plan=\nted');
}
/** A frame of Zstandard (RFC 8878 §3.1.1) with blocks that are stored as they are. */
function zstdOf(all) {
	const bytes = Buffer.from(all), blocks = [];
	for (let at = 0; at < bytes.length; at += 100000) {
		const piece = bytes.subarray(at, at + 100000), head = Buffer.alloc(3);
		head.writeUIntLE((piece.length << 3) | (at + 100000 >= bytes.length ? 1 : 0), 0, 3);
		blocks.push(head, piece);
	}
	const size = Buffer.alloc(4);
	size.writeUInt32LE(bytes.length);
	return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size, ...blocks]);
}
const FORMATS = ['har', 'ndjson', 'curl', 'http', 'body', 'postman', 'insomnia', 'html'];

describe('redaction', () => {
	let w, road;
	const id = {};
	const run = (...args) => w.creel(args);
	const fresh = (end) => `${w.fresh('file')}${end}`;

	before(async () => {
		// The app answers what it was sent, with secrets of its own.
		road = await openRoad({ name: 'x', answer: (request, socket) => {
			const coding = request.lines.filter((l) => /^content-(type|encoding):/i.test(l));
			const own = request.target.startsWith('/hooks/ordinary') ? [] : [...NAMES.slice(0, 12).map((n, i) => `Set-Cookie: ${n}=${planted(i, 'setcookie')}; Path=/; HttpOnly`), `Location: https://me:planted-in-location@a.test/x?${NAMES.map((n, i) => `${n}=${planted(i, 'location')}`).join('&')}#access_token=planted-fragment`, ...HEADERS.slice(0, 8).map((n, i) => `${n}: ${planted(i, 'answer')}`)];
			socket.write(Buffer.concat([Buffer.from(['HTTP/1.1 200 OK', ...own, ...coding, `Content-Length: ${request.body.length}`, '', ''].join('\r\n'), 'latin1'), request.body]));
		} });
		({ w } = road);
		for (const [name, make] of Object.entries(REQUESTS)) {
			const [method, target, lines, body] = make();
			const answer = await send(road.relay.port, requestBytes(method, `/x${target}`, ['Host: localhost', ...lines, `Content-Length: ${Buffer.byteLength(body)}`], body));
			assert.equal(answer.status, 200, name);
			id[name] = String((await w.recorded((r) => r.state === 'delivered' && Object.values(id).every((seen) => Number(seen) < r.id))).id);
		}
	});
	after(() => road?.w.close());

	/** What of all that was planted can be read in a text, as it is, as in a URL, or in base64 and gzip. */
	const left = (all, depth = 0) => {
		const seen = [];
		all = all.replace(/\0/g, '').replace(/=\r?\n/g, '');
		if (/planted/.test(all)) seen.push(/.{0,60}planted.{0,30}/.exec(all)[0]);
		for (const [kind, hidden] of HIDDEN)
			for (const way of [hidden, encodeURIComponent(hidden), JSON.stringify(hidden).slice(1, -1)])
				if (all.includes(way)) seen.push(`${kind}: ${all.slice(Math.max(0, all.indexOf(way) - 60), all.indexOf(way) + 60)}`);
		for (const coded of depth < 3 ? all.match(/[A-Za-z0-9+/_-]{24,}={0,2}/g) ?? [] : []) {
			let bytes = Buffer.from(coded, 'base64');
			try { bytes = zlib.gunzipSync(bytes); } catch { /* it was none */ }
			if (bytes.length > 12) seen.push(...left(bytes.toString('latin1'), depth + 1));
			if (bytes.includes(Buffer.from('planted', 'utf16le'))) seen.push('UTF-16');
		}
		return seen;
	};

	for (const format of FORMATS)
		it(`${format}: nothing of forty kinds in any place`, async () => {
			for (const [name, number] of Object.entries(id)) {
				const file = fresh('.out');
				const r = await run('export', number, '--format', format, '--redact', '-o', file);
				assert.equal(r.code, 0, `${name}: ${r.err}`);
				const files = [file, `${path.join(path.dirname(file), path.basename(file, '.out'))}-${number}.body`].filter(existsSync);
				for (const f of files) {
					const bytes = readFileSync(f);
					let all = bytes.toString('latin1');
					try { all += zlib.gunzipSync(bytes).toString('latin1'); } catch { /* it is none */ }
					if (format === 'curl' && all.includes('CREEL_BODY')) all += Buffer.from(/CREEL_BODY'[^]*?\n([A-Za-z0-9+/=\n]+)CREEL_BODY/.exec(all)[1], 'base64').toString('latin1');
					assert.deepEqual(left(all), [], `${name} as ${format}`);
				}
				// Without --redact it is there: the test does look.
				if (format === 'ndjson' && name !== 'ordinary') assert.notDeepEqual(left((await w.creelOut(['export', number, '--format', format])).toString()), [], name);
			}
		});

	it('what is no secret stays as it came, and is not counted', async () => {
		const r = await run('export', id.ordinary, '--format', 'ndjson', '--redact');
		assert.equal(r.err, 'creel: redacted nothing\n');
		assert.equal(r.text, (await w.creelOut(['export', id.ordinary, '--format', 'ndjson'])).toString());
		const one = JSON.parse((await w.creelOut(['export', id.json, '--format', 'ndjson', '--redact'])).toString());
		const body = JSON.parse(one.request.body), was = everything('json');
		for (const key of Object.keys(ORDINARY)) assert.deepEqual(body[key], ORDINARY[key], key);
		assert.deepEqual(Object.keys(body), Object.keys(was));
		assert.equal(body.deep.list.length, 2);
		// Types and lengths stay, and JSON in strings is JSON.
		for (const name of NAMES) assert.deepEqual([typeof body[name], body[name].length], [typeof was[name], was[name].length], name);
		assert.deepEqual(Object.keys(JSON.parse(body.deep.text).named), NAMES);
		assert.deepEqual(Object.keys(JSON.parse(Buffer.from(body.deep.data, 'base64')).named), NAMES);
		assert.equal(one.redacted, true);
		assert.equal(one.request_bytes, Buffer.byteLength(one.request.body));
		assert.equal(field(one.request.headers.map((h) => h.join(': ')), 'content-length'), String(one.request_bytes));
		assert.equal(one.request.body.split('\n').length, json('json').split('\n').length);
	});

	it('HAR: a published validator takes it, and lengths and codings in it are true', async () => {
		const r = await run('export', 'id:1..', '--format', 'har', '--redact');
		const har = JSON.parse(r.text);
		await validator.har(har);
		const names = Object.keys(REQUESTS);
		for (const [i, entry] of har.log.entries.entries()) {
			const name = names[i], { postData } = entry.request;
			assert.equal(entry._redacted, name === 'ordinary' ? undefined : true, name);
			const body = postData._encoding === 'base64' ? Buffer.from(postData.text, 'base64') : Buffer.from(postData.text);
			const header = (of, h) => of.headers.find((x) => x.name.toLowerCase() === h)?.value;
			assert.equal(header(entry.request, 'content-length'), String(body.length), name);
			assert.equal(entry.request.bodySize, body.length, name);
			assert.equal(header(entry.request, 'content-encoding'), undefined, name);
			if (['gzip', 'deflate', 'br', 'zstd', 'json', 'json of no type', 'ordinary'].includes(name)) assert.equal(JSON.parse(body).id, ORDINARY.id, name);
			if (name === 'gzip file') assert.equal(JSON.parse(zlib.gunzipSync(body)).id, ORDINARY.id);
			if (name.startsWith('utf-16')) {
				const wide = name === 'utf-16 with a mark' ? Buffer.from(body).swap16() : body;
				if (name === 'utf-16 text') assert.match(wide.toString('utf16le'), /^密码和别的东西 /);
				else assert.equal(JSON.parse(wide.toString('utf16le').replace(/^\ufeff/, '')).id, ORDINARY.id, name);
			}
			if (name === 'shift_jis') assert.equal(JSON.parse(body.toString('latin1').replace('\x83\x5c', '1').replace('\x95\x5c', '2')).in.id, ORDINARY.id);
			if (name === 'coded parts') assert.equal(JSON.parse(Buffer.from(/base64\n\n([^]*?)\n--B/.exec(body)[1], 'base64')).id, ORDINARY.id);
			if (['unknown coding', 'half a character'].includes(name)) {
				assert.match(body.toString(), /^REDACTED: \d+ bytes \(.+\)$/);
				assert.equal(header(entry.request, 'content-type'), 'text/plain');
			}
			if (name === 'form') assert.deepEqual([...new URLSearchParams(body.toString()).keys()], pairs('form').map(([n]) => n));
			if (name === 'multipart') {
				const data = await new Response(body, { headers: { 'Content-Type': header(entry.request, 'content-type') } }).formData();
				assert.deepEqual([...data.keys()], [...pairs('part').map(([n]) => n), 'file']);
				assert.equal(data.get('file').name, 'ordinary.json');
				assert.equal(JSON.parse(await data.get('file').text()).id, ORDINARY.id);
			}
			if (name === 'xml') assert.ok(body.includes(`<Envelope id="${ORDINARY.id}">`));
			if (name === 'cookies') assert.deepEqual(entry.request.cookies.slice(0, NAMES.length).map((c) => c.name), NAMES);
			if (name === 'query') assert.deepEqual(entry.request.queryString.map((q) => q.name), pairs('query').filter(([n]) => n !== 'payload').map(([n]) => n));
		}
	});

	it('signatures and known tokens keep their form', async () => {
		const body = '{}';
		await send(road.relay.port, requestBytes('POST', '/x/hooks/ordinary', ['Host: localhost', 'Stripe-Signature: t=1680064028,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd,v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39', `Content-Length: ${body.length}`], body));
		const { id: number } = await w.recorded((r) => r.state === 'delivered' && r.id > Number(id.ordinary));
		const text = (await w.creelOut(['export', String(number), '--format', 'http', '--redact'])).toString();
		assert.match(text, /^# redacted: /);
		assert.match(text, /\nStripe-Signature: t=1680064028,v1=REDACTEDx{56},v0=REDACTEDx{56}\n/);
		const json = JSON.parse((await w.creelOut(['export', id.json, '--format', 'ndjson', '--redact'])).toString());
		const shaped = JSON.parse(json.request.body).shaped;
		assert.match(shaped.k1, /^sk_test_REDACTED\*+$/);
		const jwt = Object.values(shaped).find((v) => /eyJ/.test(v)).split('.');
		assert.equal(jwt.length, 3);
		assert.deepEqual(JSON.parse(Buffer.from(jwt[1], 'base64url')), { redacted: true });
	});

	it('curl: what is left is a command that a shell runs, .http is read back by trigger', async () => {
		const recorder = w.keep(await Receiver.start());
		for (const name of ['json', 'query', 'multipart', 'gzip', 'binary']) {
			const command = (await w.creelOut(['export', id[name], '--format', 'curl', '--redact', '--to', String(recorder.port)])).toString();
			assert.match(command, /^# redacted: /);
			const r = await w.run('sh', [], { input: command });
			assert.equal(r.code, 0, `${name}: ${r.err}\n${command}`);
		}
		assert.equal(JSON.parse(recorder.requests[0].body).id, ORDINARY.id);
		assert.equal(recorder.requests.length, 5);
		const folder = w.path('config', 'creel', 'templates');
		await w.run('mkdir', ['-p', folder]);
		assert.equal((await run('export', id.json, '--format', 'http', '--redact', '-o', path.join(folder, 'mine.http'))).code, 0);
		const r = await w.creel(['trigger', 'mine', '--to', String(recorder.port)], { env: { XDG_CONFIG_HOME: w.path('config') } });
		assert.equal(r.code, 0, r.err);
		assert.equal(recorder.requests.length, 6);
	});

	it('what was taken out is counted by its kind on standard error', async () => {
		const r = await run('export', id.cookies, '--format', 'http', '--redact');
		assert.equal(r.err, `creel: redacted ${NAMES.length + TOKENS.length} cookies\n`);
		const all = await run('export', 'id:1..', '--format', 'har', '--redact', '-o', fresh('.har'));
		assert.match(all.err, /^creel: redacted \d+ headers, \d+ cookies, \d+ signatures, \d+ query parameters, \d+ path segments, \d+ users of URLs, \d+ form fields, \d+ parts, \d+ JSON members, \d+ values in text, \d+ tokens by shape, \d+ bodies that cannot be looked into\ncreel: \d+ deliveries exported to /);
	});

	it('--dry-run lists places and names, never a value, and writes nothing', async () => {
		const file = fresh('.har');
		const r = await run('export', id.json, id.headers, '--redact', '--dry-run', '-o', file);
		assert.equal(r.code, 0, r.err);
		assert.ok(!existsSync(file));
		assert.deepEqual(left(r.text), []);
		const lines = r.text.trimEnd().split('\n').map((line) => line.split('\t'));
		assert.ok(lines.every((line) => line.length === 5));
		for (const line of [[id.json, 'request', 'JSON member', 'password', 'secret by its name'], [id.json, 'answer', 'JSON member', 'deep.list.more.api_key', 'secret by its name'],
			[id.headers, 'request', 'header', 'X-Api-Key', 'secret by its name'], [id.headers, 'request', 'signature', 'Stripe-Signature', 'signature by its name'], [id.headers, 'request', 'token by shape', '-', 'GitHub token'], [id.headers, 'answer', 'cookie', 'password', 'cookie']])
			assert.ok(lines.some((l) => l.join() === line.join()), `${line}\n${r.text}`);
		assert.match(r.err, /^creel: --redact would take out \d+ headers, /);
	});

	it('names that a user adds, on the command line and in the config file, both', async () => {
		const body = JSON.stringify({ customer: { email: 'me@a.test', phone: '555' }, email: 'you@a.test', nick: 'nick-of-mine', amount: 5 });
		await send(road.relay.port, requestBytes('POST', '/x/hooks/ordinary?nick=nick-of-mine&phone=555', ['Host: localhost', 'X-Customer: customer-of-mine', 'Content-Type: application/json', `Content-Length: ${body.length}`], body));
		const { id: number } = await w.recorded((r) => r.state === 'delivered' && r.target.includes('nick='));
		const config = fresh('.ini');
		writeFileSync(config, '[export]\nredact = X-Customer, json:customer.email\n');
		const shown = async (...args) => JSON.parse((await w.creelOut(['export', String(number), '--format', 'ndjson', ...args])).toString());
		const one = await shown('--redact=NICK', '--redact=query:phone', '--config', config);
		assert.equal(one.target, '/hooks/ordinary?nick=REDACTEDxxxx&phone=REDACTED');
		assert.equal(one.path, '/hooks/ordinary');
		assert.equal(field(one.request.headers.map((h) => h.join(': ')), 'x-customer'), 'REDACTEDxxxxxxxx');
		assert.deepEqual(JSON.parse(one.request.body), { customer: { email: 'REDACTEDx', phone: '555' }, email: 'you@a.test', nick: 'REDACTEDxxxx', amount: 5 });
		const two = await shown('--redact', '--config', config);
		assert.equal(JSON.parse(two.request.body).customer.email, 'REDACTEDx');
		assert.equal(JSON.parse(two.request.body).nick, 'nick-of-mine');
		const three = await shown('--redact=amount,email');
		assert.deepEqual(JSON.parse(three.request.body), { customer: { email: 'REDACTEDx', phone: '555' }, email: 'REDACTEDxx', nick: 'nick-of-mine', amount: 0 });
	});

	it('files are 0600 under any umask, the bodies beside them as well', async () => {
		const folder = w.fresh('masked');
		const r = await w.run('sh', ['-c', `umask 000; mkdir -m 700 '${folder}'; '${path.join(binDir, 'creel')}' export ${id['gzip file']} -o '${folder}/a.http'`]);
		assert.equal(r.code, 0, r.err);
		assert.deepEqual(readdirSync(folder).sort().map((f) => [f, statSync(path.join(folder, f)).mode & 0o777]), [[`a-${id['gzip file']}.body`, 0o600], ['a.http', 0o600]]);
	});

	it('all programs end cleanly', () => w.endsCleanly());
});
