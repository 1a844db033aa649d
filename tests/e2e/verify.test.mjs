// Signatures against the providers' official libraries, both ways: what they sign creel verifies; what creel signs they
// verify. And the reasons: each failure is really made, and the sentence has to name it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import * as line from '@line/bot-sdk';
import { LinearWebhookClient } from '@linear/sdk/webhooks';
import { sign as githubSign } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { World } from './lib/harness.mjs';
import { BODY, PROVIDERS, hmac, now, stripe, text, whsec } from './lib/signing_libraries.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };

let w, app, base, calls;
const secretFile = (name, content) => {
	const file = w.fresh('secret');
	writeFileSync(file, content, { mode: 0o600 });
	return '@' + file;
};

before(async () => {
	w = new World();
	calls = [];
	app = http.createServer(async (req, res) => {
		const pieces = [];
		for await (const piece of req) pieces.push(piece);
		calls.push({ url: req.url, headers: req.headers, raw: Buffer.concat(pieces) });
		res.end('ok');
	});
	app.listen(0, '127.0.0.1');
	await once(app, 'listening');
	w.keep({ close: () => (app.closeAllConnections?.(), new Promise((r) => app.close(r))) });
	const args = Object.entries(PROVIDERS).filter(([name]) => name !== 'razorpay' && name !== 'line')
		.flatMap(([name, p]) => ['--secret', `${p.provider ?? name}=${secretFile(name, p.secret + '\n')}`]);
	const relay = await w.startRelay();
	base = (await w.startClient({ relay, target: app.address().port, name: 'signed', args })).url;
	w.relay = relay;
});
after(() => w?.close());

let count = 0;
/** Posts and gives the row of the delivery. */
async function deliver(headers, body, path = '/hook', to = base) {
	const mark = `d${++count}`;
	const res = await fetch(to + path, { method: 'POST', headers: { ...headers, 'x-mark': mark }, body });
	assert.equal(res.status, 200);
	const [row] = (await w.creelOut(['list', '--json', '-n', '1', `header:x-mark=${mark}`])).toString('utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
	assert.ok(row, 'on record');
	return row;
}

async function verify(args, expected, options) {
	const r = await w.creel(['verify', '--json', ...args], options);
	assert.equal(r.code, expected, r.text + r.err);
	const rows = r.text.split('\n').filter(Boolean).map((l) => JSON.parse(l));
	return { rows, row: rows[0], err: r.err };
}

async function send(name, change = (x) => x) {
	const p = PROVIDERS[name];
	const path = p.path ?? '/hook';
	const body = p.body ?? BODY;
	const headers = { 'content-type': p.type ?? JSON_TYPE['content-type'], ...(await p.sign(body, p.secret, base + path)) };
	const sent = change({ headers, body });
	return deliver(sent.headers, sent.body, path);
}

describe('the official libraries', () => {
	for (const [name, p] of Object.entries(PROVIDERS)) {
		it(`${name}: the library signs, creel verifies`, async () => {
			const row = await send(name);
			assert.equal(row.provider, p.provider ?? name);
			assert.equal(row.event_type, p.event);
			assert.equal(row.signature, ['line', 'razorpay'].includes(name) ? 'unknown' : 'valid', 'as it arrived');
			const good = await verify([String(row.id), '--secret', secretFile(name, p.secret)], 0);
			assert.equal(good.row.signature, 'valid');
			assert.equal(good.row.why, null);
			if (p.key) return;
			const bad = await verify([String(row.id), '--secret', secretFile(name, whsec.slice(0, -4) + 'AAAA')], 1);
			assert.equal(bad.row.signature, 'invalid');
			assert.equal(bad.row.reason, 'mismatch');
		});

		it(`${name}: one byte of the body changed`, async () => {
			const row = await send(name, ({ headers, body }) => ({ headers, body: body.replace(/[a-z](?=[^a-z]*$)/, (c) => (c === 'x' ? 'y' : 'x')) }));
			if (!['line', 'razorpay'].includes(name)) assert.equal(row.signature, 'invalid', 'as it arrived');
			assert.equal((await verify([String(row.id), '--secret', secretFile(name, p.secret)], 1)).row.signature, 'invalid');
		});

		it(`${name}: creel signs, the library verifies`, async () => {
			const row = await send(name);
			calls.length = 0;
			await w.creelOut(['replay', String(row.id), '--resign', '--secret', secretFile(name, p.key ?? p.secret)]);
			const { raw, headers, url } = calls.at(-1);
			assert.equal(raw.toString('utf8'), p.body ?? BODY);
			const original = JSON.parse(await w.creelOut(['show', String(row.id), '--json']));
			assert.notEqual(await p.check(raw, headers, p.secret, base + url), false);
			const replay = (await w.list()).at(-1);
			assert.equal(replay.replay_of, row.id);
			assert.equal(replay.signature, 'valid');
			assert.equal((await verify([String(replay.id), '--secret', secretFile(name, p.secret)], 0)).row.signature, 'valid');
			assert.deepEqual(original, JSON.parse(await w.creelOut(['show', String(row.id), '--json'])), 'the original stays');
			const changed = Buffer.from(raw);
			changed[changed.length >> 1] ^= 1;
			await assert.rejects(async () => {
				if ((await p.check(changed, headers, p.secret, base + url)) === false) throw new Error('refused');
			}, 'the control');
		});
	}

	for (const [name, alone] of [['linear', []], ['linear', ['-H', 'X: 1']], ['mailgun', []], ['mailgun', ['--host-header', 'preserve']]]) {
		it(`--resign where the body says the time: ${name} ${alone.join(' ')}`, async () => {
			const secret = ['--secret', secretFile(name, 'a secret')];
			const old = now() - 4000;
			const [before, headers] = name === 'linear'
				? [`{"type":"Issue","webhookTimestamp":${old}000}`, (body) => ({ 'linear-signature': hmac('sha256', 'a secret', body, 'hex') })]
				: [JSON.stringify({ signature: { timestamp: String(old), token: 'abc', signature: hmac('sha256', 'a secret', `${old}abc`, 'hex') }, 'event-data': { event: 'opened' } }), () => ({})];
			const row = await deliver({ ...JSON_TYPE, ...headers(before) }, before);
			assert.equal((await verify([String(row.id), ...secret, '--tolerance', '0'], 0)).row.provider, name);
			calls.length = 0;
			await w.creelOut(['replay', String(row.id), '--resign', ...secret, '--times', '2', ...alone]);
			assert.equal(calls.length, 2);
			for (const call of calls) {
				const [made] = /(?<![0-9])1[0-9]{9}/.exec(call.raw);
				assert.ok(Math.abs(now() - Number(made)) < 60, call.raw.toString('utf8'));
				assert.equal(call.headers['content-length'], String(call.raw.length));
			}
			await verify([String((await w.list(1))[0].id), ...secret], 0);
		});
	}

	it('a GitLab signing token signs, and is never sent; beside a token of the other kind each is checked by its own', async () => {
		const token = text();
		const both = { ...PROVIDERS['gitlab with a signing token'].sign(BODY, whsec), 'x-gitlab-token': token };
		const row = await deliver({ ...JSON_TYPE, ...both }, BODY);
		assert.equal(row.signature, 'valid');
		for (const secret of [whsec, token]) assert.equal((await verify([String(row.id), '--secret', secretFile('', secret)], 0)).row.signature, 'valid');
		for (const secret of ['whsec_' + randomBytes(24).toString('base64'), text()]) assert.equal((await verify([String(row.id), '--secret', secretFile('', secret)], 1)).row.signature, 'invalid');
		const fresh = await deliver({ ...JSON_TYPE, 'x-gitlab-event': 'Push Hook' }, BODY);
		for (const secret of [whsec, ` ${whsec}\n`, `"${whsec}"`]) {
			calls.length = 0;
			const r = await w.creel(['replay', String(fresh.id), '--resign', '--secret', secretFile('', secret)]);
			assert.ok(!(r.text + r.err).includes(whsec.slice(6)));
			if (secret === whsec) assert.equal(r.code, 0, r.err);
			for (const call of calls) {
				assert.equal(call.headers['x-gitlab-token'], undefined);
				assert.ok(!JSON.stringify(call.headers).includes(whsec.slice(6)));
				new StandardWebhook(whsec).verify(call.raw.toString('utf8'), call.headers);
			}
		}
	});

	it('what a library refuses is never valid', async () => {
		const linearSecret = text();
		const LIBRARIES = { ...PROVIDERS, linear: {
			secret: linearSecret, body: JSON.stringify({ type: 'Issue', webhookTimestamp: Date.now() }),
			sign: (body, secret) => ({ 'linear-event': 'Issue', 'linear-timestamp': String(Date.now()), 'linear-signature': hmac('sha256', secret, body, 'hex') }),
			check: (raw, h, secret) => new LinearWebhookClient(secret).verify(raw, h['linear-signature'] ?? ''),
		} };
		const timed = (value, by) => value.replace(/(?<![0-9a-f])[0-9]{10}(?![0-9a-f])/, (t) => String(Number(t) + by));
		const changes = {
			'as it is': (v) => [v],
			'twice': (v) => [v, v],
			'empty': () => [''],
			'missing': () => [],
			'upper case': (v) => [v.toUpperCase()],
			'letters of URLs': (v) => [v.replaceAll('+', '-').replaceAll('/', '_')],
			'without padding': (v) => [v.replace(/=+$/, '')],
			'more padding': (v) => [v + '='],
			'another last bit of base64': (v) => [v.replace(/([A-Za-z0-9+/])(=+)$/, (_, c, pad) => String.fromCharCode(c.charCodeAt(0) ^ 1) + pad)],
			'cut': (v) => [v.slice(0, -1)],
			'one character more': (v) => [v + '0'],
			'in quotes': (v) => [`"${v}"`],
			'a comma behind': (v) => [v + ','],
			'a wrong one behind a comma': (v) => [`${v},v1=00`],
			'a wrong one before a comma': (v) => [`v1=00,${v}`],
			'a blank in the middle': (v) => [v.slice(0, v.length >> 1) + ' ' + v.slice(v.length >> 1)],
			'an hour old': (v) => [timed(v, -3600)],
			'an hour ahead': (v) => [timed(v, 3600)],
			'no number': (v) => [v.replace(/[0-9]{10}/, 'yesterday')],
			'a zero before the time': (v) => [v.replace(/(?<![0-9a-f])([0-9]{10})(?![0-9a-f])/, '0$1')],
			'a plus before the time': (v) => [v.replace(/(?<![0-9a-f])([0-9]{10})(?![0-9a-f])/, '+$1')],
			'a fraction behind the time': (v) => [v.replace(/(?<![0-9a-f])([0-9]{10})(?![0-9a-f])/, '$1.5')],
			'version 0': (v) => [v.replaceAll('v1', 'v0').replaceAll('sha256', 'sha512').replaceAll('h1', 'h0')],
		};
		const cases = [];
		// At once: Paddle's refuses after 5 s.
		const asked = async (p, list, body, url) => {
			const headers = {};
			for (const [n, v] of list) headers[n] = n in headers ? `${headers[n]}, ${v}` : v;
			try {
				return (await p.check(Buffer.from(body), headers, p.secret, url)) !== false;
			} catch {
				return false;
			}
		};
		for (const [name, p] of Object.entries(LIBRARIES)) {
			const body = p.body ?? BODY;
			const host = 'hooks.example.com';
			const path = p.path ?? '/hook';
			const fields = await p.sign(body, p.secret, `https://${host}${path}`);
			const add = (what, headers, text = body) => cases.push({ name, p, what, headers, path, body: text, host, at: Date.now(), library: asked(p, headers, text, `https://${host}${path}`) });
			const list = (f) => Object.entries(f).flatMap(([n, v]) => [v].flat().map((one) => [n, one]));
			for (const field of Object.keys(fields)) for (const [what, change] of Object.entries(changes)) add(`${field}: ${what}`, list({ ...fields, [field]: change(fields[field]) }));
			add('another body', list(fields), body + ' ');
			add('no body', list(fields), '');
		}
		for (const [what, body] of Object.entries({ 'no time in the body': '{"type":"Issue"}', 'an old time in the body': `{"webhookTimestamp":${Date.now() - 61000}}`, 'a time ahead': `{"webhookTimestamp":${Date.now() + 75000}}`,
			'no number': '{"webhookTimestamp":"now"}', 'null': '{"webhookTimestamp":null}', 'deeper': `{"data":{"webhookTimestamp":${Date.now()}}}` }))
			cases.push({ name: 'linear', p: LIBRARIES.linear, what, headers: Object.entries(LIBRARIES.linear.sign(body, linearSecret)), path: '/hook', body, host: 'hooks.example.com', at: Date.now(),
				library: asked(LIBRARIES.linear, Object.entries(LIBRARIES.linear.sign(body, linearSecret)), body) });
		const db = ['--db', w.path('libraries.db')];
		const input = cases.map((c, i) => JSON.stringify({ received_at: new Date(c.at).toISOString(), method: 'POST', target: c.path, https: true,
			request: { headers: [['Host', c.host], ['X-N', String(i + 1)], ['Content-Type', c.p.type ?? 'application/json'], ...c.headers], body: c.body } })).join('\n');
		await w.creelOut(['import', '-', ...db], { input });
		const got = new Map();
		for (const [name, p] of Object.entries(LIBRARIES)) {
			const r = await w.creel(['verify', '--json', ...cases.map((c, i) => (c.name === name ? String(i + 1) : null)).filter(Boolean), '--provider', p.provider ?? name, '--secret', secretFile('', p.secret), ...db]);
			for (const l of r.text.split('\n').filter(Boolean)) got.set(JSON.parse(l).id, JSON.parse(l));
		}
		let refused = 0, valid = 0;
		for (const [i, c] of cases.entries()) {
			const library = await c.library;
			const mine = got.get(i + 1);
			refused += !library;
			valid += mine.signature === 'valid';
			if (!library) assert.notEqual(mine.signature, 'valid', `${c.name}, ${c.what}`);
			if (/as it is$/.test(c.what)) assert.deepEqual([library, mine.signature], [true, 'valid'], `${c.name}, ${c.what}: ${mine.why}`);
		}
		assert.ok(refused > 150 && valid > 20, `${refused} refused, ${valid} valid`);
	});

	it('--resign with another body and fields', async () => {
		const row = await send('stripe');
		calls.length = 0;
		await w.creelOut(['replay', String(row.id), '--resign', '--secret', secretFile('', PROVIDERS.stripe.secret), '--body', secretFile('', '{"type":"x"}'), '-H', 'X-New: 1']);
		const { raw, headers } = calls.at(-1);
		assert.equal(stripe.webhooks.constructEvent(raw, headers['stripe-signature'], PROVIDERS.stripe.secret).type, 'x');
		assert.equal(headers['x-new'], '1');
	});

	it('--resign an old one: the time is fresh', async () => {
		const header = stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: PROVIDERS.stripe.secret, timestamp: now() - 4000 });
		const row = await deliver({ ...JSON_TYPE, 'stripe-signature': header }, BODY);
		assert.equal(row.signature, 'invalid');
		calls.length = 0;
		await w.creelOut(['replay', String(row.id), '--resign', '--secret', secretFile('', PROVIDERS.stripe.secret)]);
		stripe.webhooks.constructEvent(calls.at(-1).raw, calls.at(-1).headers['stripe-signature'], PROVIDERS.stripe.secret);
	});

	it('--resign without a secret, of nobody known, of a secret that is none: 2, and nothing is sent', async () => {
		const row = await send('stripe');
		const plain = await deliver(JSON_TYPE, '{}');
		calls.length = 0;
		for (const [args, says] of [
			[[String(plain.id), '--resign'], /no provider is recognised/],
			[[String(row.id), '--resign', '--secret', `github=${secretFile('', 'x')}`], /stripe.*--secret stripe=@FILE/],
			[[String(plain.id), '--resign', '--secret', secretFile('', 'x')], /no provider is recognised/],
			[[String((await send('discord')).id), '--resign', '--secret', secretFile('', 'x')], /private key/],
		]) {
			calls.length = 0;
			const r = await w.creel(['replay', ...args]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, says);
			assert.equal(calls.length, 0);
		}
	});
});

describe('why it fails', () => {
	const key = 's3cr3t-of-the-test';
	const stripeHeader = (secret, body = BODY, at = now()) => ({ ...JSON_TYPE, 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: at }) });
	const whyOf = async (headers, body, args) => (await verify([String((await deliver(headers, body)).id), ...args], 1)).row;

	it('another secret', async () => {
		const why = await whyOf(stripeHeader(key), BODY, ['--secret', secretFile('', 'no')]);
		assert.equal(why.reason, 'mismatch');
		assert.match(why.why, /secret is another one, or the body was changed/);
	});

	for (const [what, given, says] of [
		['blanks around it', ` ${key} \n`, /newline or blanks/],
		['two newlines at its end', `${key}\n\n`, /newline or blanks/],
		['hex of it', Buffer.from(key).toString('hex'), /decoded from hex/],
		['base64 of it', Buffer.from(key).toString('base64'), /decoded from base64/],
		['whsec_ before it', `whsec_${key}`, /without whsec_/],
		['quotes', `"${key}"`, /quotes/],
	]) {
		it(`the secret in another form: ${what}`, async () => {
			const why = await whyOf(stripeHeader(key), BODY, ['--secret', secretFile('', given)]);
			assert.equal(why.reason, 'secret');
			assert.match(why.why, says);
			assert.ok(!why.why.includes(key));
		});
	}

	it('the body was re-serialised', async () => {
		const why = await whyOf(stripeHeader(key, JSON.stringify(JSON.parse(BODY))), BODY, ['--secret', secretFile('', key)]);
		assert.equal(why.reason, 'body');
		assert.match(why.why, /re-serialised as compact JSON/);
	});

	it('the time is outside of the tolerance, and by how much', async () => {
		const row = await deliver(stripeHeader(key, BODY, now() - 1000), BODY);
		const args = [String(row.id), '--secret', secretFile('', key)];
		const why = (await verify(args, 1)).row;
		assert.equal(why.reason, 'old');
		assert.ok(why.age_s >= 999 && why.age_s < 1030);
		assert.match(why.why, new RegExp(`${why.age_s} s old, ${why.age_s - 300} s more than the tolerance of 300 s`));
		await verify([...args, '--tolerance', '20m'], 0);
		await verify([...args, '--tolerance', '0'], 0);
		await verify([...args, '--at', String(now() - 1000)], 0);
		await verify([...args, '--at', String(now() + 1000), '--tolerance', '20m'], 1);
	});

	it('a field is missing, malformed, or another provider\'s', async () => {
		const secret = ['--secret', secretFile('', key)];
		const missing = await whyOf(JSON_TYPE, BODY, ['--provider', 'github', ...secret]);
		assert.deepEqual([missing.reason, missing.why], ['missing', 'the header X-Hub-Signature-256 is missing']);
		const malformed = await whyOf({ ...JSON_TYPE, 'x-hub-signature-256': 'sha256=xyz' }, BODY, ['--provider', 'github', ...secret]);
		assert.equal(malformed.reason, 'malformed');
		const other = await whyOf(stripeHeader(key), BODY, ['--provider', 'github', ...secret]);
		assert.equal(other.reason, 'provider');
		assert.match(other.why, /signed as stripe does/);
		const nobody = await whyOf(JSON_TYPE, BODY, secret);
		assert.equal(nobody.signature, 'none');
		assert.match(nobody.why, /--provider/);
	});

	it('another URL: --url is what counts', async () => {
		const url = 'https://hooks.example.com/sq';
		const header = { ...JSON_TYPE, 'x-square-hmacsha256-signature': hmac('sha256', key, url + BODY, 'base64') };
		const row = await deliver(header, BODY);
		const args = [String(row.id), '--secret', secretFile('', key)];
		await verify(args, 1);
		await verify([...args, '--url', url], 0);
		const why = (await verify([...args, '--url', url + '/'], 1)).row;
		assert.equal(why.reason, 'url');
		assert.match(why.why, /slash/);
	});

	it('for people: a line a delivery, the reason on it', async () => {
		const row = await deliver(stripeHeader(key), BODY);
		const good = await w.creel(['verify', String(row.id), '--secret', secretFile('', key)]);
		assert.match(good.text, /^ *\d+ {2}stripe {2}valid\n$/);
		assert.equal((await w.creel(['verify', '--last', '--secret', secretFile('', key)])).text, good.text);
		const bad = await w.creel(['verify', String(row.id), '--secret', secretFile('', ` ${key}`)]);
		assert.equal(bad.code, 1);
		assert.match(bad.text, /stripe {2}invalid: the secret is in another form/);
		assert.match(bad.err, /^creel: 1 of 1 signature does not hold\n$/);
	});

	it('a filter: each with the secret of its provider', async () => {
		const args = ['source:stripe', 'OR', 'source:github', '--secret', `stripe=${secretFile('', key)}`, '--secret', `stripe=${secretFile('', PROVIDERS.stripe.secret)}`,
			'--secret', `github=${secretFile('', PROVIDERS.github.secret)}`];
		const { rows } = await verify(args, 1);
		assert.ok(rows.some((r) => r.provider === 'github' && r.signature === 'valid'));
		assert.ok(rows.filter((r) => r.provider === 'stripe' && r.signature === 'valid').length >= 2);
		await verify(['source:stripe', 'sig:good', 'is:live', ...args.slice(3)], 0);
	});

	it('the secret from standard input and the environment', async () => {
		const id = String((await deliver(stripeHeader(key), BODY)).id);
		await verify([id, '--secret', '@-'], 0, { input: key });
		await verify([id], 0, { env: { CREEL_SECRET: key } });
		await verify([id, '--secret', 'env:MINE'], 0, { env: { MINE: key } });
	});

	it('wrong usage: one sentence, 2, and never the secret', async () => {
		const id = String((await deliver(stripeHeader(key), BODY)).id);
		for (const [args, says] of [
			[['--secret', secretFile('', key)], /takes a delivery, a filter or --last/],
			[[id, '--last', '--secret', secretFile('', key)], /takes a delivery, a filter or --last/],
			[[id], /needs the secret/],
			[[id, '--secret', 'hunter22'], /never an argument/],
			[[id, '--secret', `@${w.path('none')}`], /none cannot be read: No such file/],
			[[id, '--secret', `stripe=@${w.path('none')}`], /none cannot be read: No such file/],
			[[id, '--secret', secretFile('', '')], /is empty/],
			[[id, '--secret', `strip=${secretFile('', key)}`], /did you mean stripe/],
			[[id, '--provider', 'nobody', '--secret', secretFile('', key)], /'nobody' is not known/],
			[[id, '--secret', `discord=${secretFile('', 'zz')}`], /does not fit discord.*64 hex digits/],
			[['999999', '--secret', secretFile('', key)], /no delivery 999999|there is no/],
			[['sourc:x', '--secret', secretFile('', key)], /column 1/],
			[[id, '--secret', secretFile('', key), '--tolerance', 'x'], /takes a duration/],
		]) {
			const r = await w.creel(['verify', ...args]);
			assert.equal(r.code, 2, `${args}: ${r.text}${r.err}`);
			assert.match(r.err, says);
			assert.ok(!r.err.includes('hunter22') && !r.err.includes(key));
		}
		assert.equal((await w.creel(['verify', id, '--secret', secretFile('', key), '--db', w.path('none', 'x.db')])).code, 4);
		const none = await w.creel(['verify', 'source:nobody-at-all', '--secret', secretFile('', key)]);
		assert.equal(none.code, 1);
		assert.match(none.err, /^creel: no delivery matches/);
	});
});

describe('listen --secret', () => {
	it('marks: valid, invalid, none, unknown; in the list, in JSON, in lines, found by sig:', async () => {
		const args = ['--secret', `github=${secretFile('', 'old')}`, '--secret', `github=${secretFile('', 'new')}`];
		const c = await w.startClient({ relay: w.relay, target: app.address().port, name: 'marks', args, output: 'lines' });
		const url = c.url;
		const by = async (secret) => ({ ...JSON_TYPE, 'x-github-event': 'push', 'x-hub-signature-256': await githubSign(secret, BODY) });
		const rows = [
			await deliver(await by('new'), BODY, '/valid', url),
			await deliver(await by('old'), BODY, '/valid-too', url),
			await deliver(await by('other'), BODY, '/invalid', url),
			await deliver({ ...JSON_TYPE, 'x-github-event': 'push' }, BODY, '/none', url),
			await deliver({ ...JSON_TYPE, 'x-shopify-hmac-sha256': 'x' }, BODY, '/unknown', url),
		];
		assert.deepEqual(rows.map((r) => r.signature), ['valid', 'valid', 'invalid', 'none', 'unknown']);
		const found = await w.creelOut(['list', '--json', 'path:/*alid*', 'sig:bad']);
		assert.equal(JSON.parse(found).path, '/invalid');
		const list = (await w.creelOut(['list', 'path:/*alid*'])).toString('utf8');
		assert.match(list, /\/valid {2}\(signature valid\)/);
		assert.match(list, /\/invalid {2}\(signature invalid\)/);
		assert.match(c.stdout.toString('utf8'), /\/invalid {2}\(signature invalid\)/);
		await c.stop('SIGINT');
	});

	it('a secret of standard checks svix-… fields as well; CREEL_SECRET is not listen\'s', async () => {
		const c = await w.startClient({ relay: w.relay, target: app.address().port, name: 'kin', args: ['--secret', `standard=${secretFile('', whsec)}`], env: { CREEL_SECRET: 'x' } });
		assert.equal((await deliver({ ...JSON_TYPE, ...PROVIDERS.svix.sign(BODY, whsec) }, BODY, '/svix', c.url)).signature, 'valid');
		await c.stop('SIGINT');
		const d = await w.startClient({ relay: w.relay, target: app.address().port, name: 'kin2', env: { CREEL_SECRET: 'x' } });
		assert.equal((await deliver({ ...JSON_TYPE, ...PROVIDERS.svix.sign(BODY, whsec) }, BODY, '/svix', d.url)).signature, 'unknown');
		await d.stop('SIGINT');
	});

	it('a large body, which lies in a file meanwhile, is checked as well', async () => {
		const body = JSON.stringify({ type: 'big', text: 'x'.repeat(3 << 20) });
		const headers = { ...JSON_TYPE, ...PROVIDERS.stripe.sign(body, PROVIDERS.stripe.secret) };
		assert.equal((await deliver(headers, body)).signature, 'valid');
		assert.equal((await deliver(headers, body.replace('xx', 'yx'))).signature, 'invalid');
	});

	it('secret.PROVIDER in the config file', async () => {
		const config = w.path('own.ini');
		writeFileSync(config, `secret.stripe = ${secretFile('', 'other')}\nsecret.razorpay = ${secretFile('', PROVIDERS.razorpay.secret)}\n`);
		const c = await w.startClient({ relay: w.relay, target: app.address().port, name: 'config', args: ['--config', config] });
		const body = '{"event":"payment.captured"}';
		const row = await deliver({ ...JSON_TYPE, 'x-razorpay-signature': hmac('sha256', PROVIDERS.razorpay.secret, body, 'hex') }, body, '/rz', c.url);
		assert.equal(row.signature, 'valid');
		assert.equal(row.event_type, 'payment.captured');
		await c.stop('SIGINT');
	});

	it('what is no secret is refused at once: 2, a sentence', async () => {
		for (const [spec, says] of [
			[`github=@${w.path('none')}`, /none cannot be read: No such file/],
			[`nobody=${secretFile('', 'x')}`, /'nobody' is not known/],
			[`gihub=${secretFile('', 'x')}`, /did you mean github/],
			['github=hunter22', /never an argument/],
			[secretFile('', 'x'), /needs the provider's name/],
			[`standard=${secretFile('', 'no base64!')}`, /does not fit standard/],
			[`github=${secretFile('', '')}`, /is empty/],
		]) {
			const r = await w.creel(['listen', '3000', '--relay', 'http://127.0.0.1:1', '--secret', spec]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, says);
			assert.ok(!r.err.includes('hunter22'));
		}
	});
});

it('every program ended cleanly', () => w.endsCleanly());
