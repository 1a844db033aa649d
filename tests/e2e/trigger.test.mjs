// creel trigger: every sample through the tunnel, in its provider's form, signed so that creel and the providers' own
// libraries take it; templates of one's own; what is wrong is told.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { verify as githubVerify } from '@octokit/webhooks-methods';
import { verifyKey as discordVerify } from 'discord-interactions';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import twilio from 'twilio';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';
import { rows } from './lib/provider_table.mjs';

const unsigned = new Set(rows.filter((r) => r.unchecked).map((r) => r.name));

const events = new Set(['github', 'shopify', 'slack', 'stripe'].flatMap((provider) => readFileSync(new URL(`../../client/samples/events/${provider}`, import.meta.url), 'utf8')
	.trim().split('\n').map((event) => `${provider}.${event}`)));

const stripe = new Stripe('sk_test_none');
const ed25519 = generateKeyPairSync('ed25519');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const whsec = 'whsec_' + randomBytes(24).toString('base64');
const pem = (k) => k.privateKey.export({ type: 'pkcs8', format: 'pem' });
const rsa = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const SECRETS = { stripe: 'whsec_x', github: 'gh', twilio: 'tw', standard: whsec, svix: whsec, openai: whsec, discord: pem(ed25519), telnyx: pem(ed25519), sendgrid: pem(ec), plaid: pem(ec),
	wise: rsa, sns: rsa, paypal: `WH-1\n${rsa}`, adyen: '00112233445566778899aabbccddeeff', airtable: randomBytes(32).toString('base64'), 'microsoft-teams': randomBytes(32).toString('base64') };

describe('trigger', () => {
	let w, calls, app, client, names, port;
	const secret = (provider) => {
		const file = w.path(`secret-${provider}`);
		writeFileSync(file, SECRETS[provider] ?? `the secret of ${provider}`);
		return `@${file}`;
	};
	const run = (...args) => w.creel(['trigger', ...args]);

	before(async () => {
		w = new World();
		calls = [];
		app = http.createServer(async (req, res) => {
			const pieces = [];
			for await (const piece of req) pieces.push(piece);
			calls.push({ url: req.url, method: req.method, headers: req.headers, raw: Buffer.concat(pieces) });
			res.statusCode = req.url.includes('bad') ? 422 : 200;
			res.end('ok');
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		port = app.address().port;
		w.keep({ close: () => (app.closeAllConnections?.(), new Promise((r) => app.close(r))) });
		const relay = await w.startRelay();
		client = await w.startClient({ relay, target: port, name: 'try' });
		names = (await w.creelOut(['trigger', '--list', '--json'])).toString('utf8').trim().split('\n').map((l) => JSON.parse(l).name);
	});
	after(() => w?.close());

	it('--list: a line a sample, of every provider that can be verified', async () => {
		assert.deepEqual((await run('--list')).text.trim().split('\n'), names);
		const listed = new Set(names.map((n) => n.split('.')[0]));
		for (const p of ['github', 'gitlab', 'stripe', 'slack', 'shopify', 'twilio', 'standard', 'svix', 'discord', 'paddle', 'square', 'zoom', 'twitch', 'linear',
			'hubspot', 'sendgrid', 'mailgun', 'typeform', 'intercom', 'bitbucket', 'meta', 'dropbox', 'zendesk', 'pagerduty', 'razorpay', 'line', 'woocommerce',
			'launchdarkly', 'calendly', 'asana', 'forgejo', 'gitea', 'openai', 'vercel', 'lemonsqueezy', 'clickup', 'sentry', 'heroku', 'quickbooks', 'xero', 'jira', 'snyk', 'paystack', 'docusign', 'mollie',
			'airtable', 'coinbase', 'gocardless', 'notion', 'pusher', 'telegram', 'cloudflare', 'buildkite', 'google', 'okta', 'auth0', 'microsoft-graph', 'mattermost', 'circleci', 'mux', 'elevenlabs', 'workos', 'sanity',
			'box', 'front', 'klaviyo', 'recurly', 'webflow', 'revolut', 'contentful', 'adyen', 'braintree', 'trello', 'mandrill', 'mercadopago', 'websub', 'microsoft-teams', 'netlify', 'monday', 'livekit',
			'plaid', 'wise', 'telnyx', 'sns', 'paypal', 'figma', 'bigcommerce']) assert.ok(listed.has(p), p);
		for (const name of ['stripe.invoice.paid', 'github.push', 'github.ping', 'slack.event', 'slack.command', 'shopify.orders.create', 'standard.*']) assert.ok(names.includes(name), name);
	});

	it('every sample: to the running client, recorded with its provider, and its signature holds', async () => {
		const kin = { clerk: 'svix', resend: 'svix' };
		const listed = names.filter((name) => events.has(name)), sent = [];
		for (const name of names.filter((n) => !events.has(n)).concat(listed.filter((_, i) => i % 40 === 0))) {
			const provider = name.split('.')[0];
			const of = kin[provider] ?? provider;
			const event = name.replace('*', 'thing.happened');
			calls.length = 0;
			const r = await run(event, ...(unsigned.has(of) ? [] : ['--secret', secret(of)]));
			assert.equal(r.code, 0, `${name}: ${r.err}`);
			assert.match(r.text, /^200 {2}/);
			const { raw } = calls.at(-1);
			assert.ok(!raw.includes('{{'), name);
			if (/json/.test(calls.at(-1).headers['content-type'])) JSON.parse(raw);
			sent.push({ name, provider, of });
		}
		const recorded = await w.list(sent.length);
		assert.equal(recorded.length, sent.length);
		const ids = new Map();
		for (const [i, row] of recorded.entries()) {
			const { name, provider, of } = sent[i];
			assert.equal(row.provider, of, name);
			assert.equal(row.path, `/hooks/${provider}`);
			if (!['airtable', 'braintree', 'dropbox', 'google.pubsub', 'mercadopago', 'salesforce', 'statuspage', 'zapier', 'twilio', 'websub'].some((n) => name.startsWith(n))) assert.ok(row.event_type, `${name}: an event`);
			if (name === 'standard.*') assert.equal(row.event_type, 'thing.happened');
			if (events.has(name) && provider !== 'github') assert.equal(row.event_type, provider === 'shopify' ? name.slice(8).replace(/^(?!customer\.)(\w+)\./, '$1/') : name.slice(provider.length + 1));
			if (events.has(name) && provider === 'github') assert.equal(row.event_type, name.split('.')[1]);
			if (unsigned.has(of)) assert.equal(row.signature, 'none', name);
			else ids.set(of, [...(ids.get(of) ?? []), String(row.id)]);
		}
		for (const [of, all] of ids) {
			const checked = await w.creel(['verify', ...all, '--secret', secret(of)]);
			assert.equal(checked.code, 0, `${of}: ${checked.text}`);
			assert.equal(checked.text.trim().split('\n').length, all.length, `${of}: ${checked.text}`);
		}
	});

	const sent = async (name, provider, ...args) => {
		calls.length = 0;
		const r = await run(name, '--to', `http://127.0.0.1:${port}/direct?x=1`, '--secret', secret(provider), ...args);
		assert.equal(r.code, 0, r.err);
		return calls.at(-1);
	};

	it('every event that the packages know has its name; another is refused with the nearest', async () => {
		const known = (provider) => names.filter((n) => n.startsWith(`${provider}.`)).map((n) => n.slice(provider.length + 1));
		assert.deepEqual([...events].filter((n) => !names.includes(n)), []);
		assert.ok(known('github').length >= 277 && known('stripe').length >= 275 && known('shopify').length >= 218 && known('slack').length >= 90);
		calls.length = 0;
		for (const [name, nearest] of [['stripe.invoce.paid', 'stripe.invoice.paid'], ['github.pull_request.open', 'github.pull_request.opened'],
			['shopify.orders.creat', 'shopify.orders.create'], ['slack.app_mentions', 'slack.app_mention']]) {
			const r = await run(name, '--secret', secret(name.split('.')[0]));
			assert.deepEqual([r.code, r.err.includes(`did you mean ${nearest}`)], [2, true], r.err);
		}
		for (const name of ['stripe.any', 'github.any', 'shopify.any', 'slack.any', 'standard.any', 'stripe.*']) assert.equal((await run(name)).code, 2, name);
		assert.equal(calls.length, 0, 'nothing was sent');
	});

	it('what its provider does not sign goes without, which is said where a secret was named', async () => {
		const r = await run('postmark', '--to', `http://127.0.0.1:${port}/x`, '--secret', secret('postmark'));
		assert.deepEqual([r.code, r.err], [0, 'creel: postmark goes without a signature: its provider is not known to sign\n']);
		const [row] = await w.list(1);
		assert.deepEqual([row.provider, row.event_type, row.signature], ['postmark', 'Delivery', 'none']);
		const bare = await run('postmark', '--to', `http://127.0.0.1:${port}/x`);
		assert.deepEqual([bare.code, bare.err], [0, '']);
	});

	it('another event of an object, another action: the sample of its sibling', async () => {
		let c = await sent('stripe.invoice.voided', 'stripe');
		let body = JSON.parse(c.raw);
		assert.deepEqual([body.type, body.data.object.object], ['invoice.voided', 'invoice']);
		c = await sent('github.issues.closed', 'github');
		body = JSON.parse(c.raw);
		assert.deepEqual([c.headers['x-github-event'], body.action, body.issue.number], ['issues', 'closed', 1]);
		c = await sent('github.star.created', 'github');
		assert.deepEqual([c.headers['x-github-event'], JSON.parse(c.raw).action], ['star', 'created']);
		c = await sent('shopify.orders.cancelled', 'shopify');
		assert.deepEqual([c.headers['x-shopify-topic'], JSON.parse(c.raw).order_number > 0], ['orders/cancelled', true]);
		for (const [name, topic] of [['customer.tags_added', 'customer.tags_added'], ['customers.update', 'customers/update'], ['customer_groups.create', 'customer_groups/create']])
			assert.equal((await sent(`shopify.${name}`, 'shopify')).headers['x-shopify-topic'], topic);
	});

	it('the official libraries take it', async () => {
		let c = await sent('stripe.invoice.paid', 'stripe');
		assert.equal(c.url, '/direct?x=1', 'a URL with a path is taken as it is');
		const event = stripe.webhooks.constructEvent(c.raw, c.headers['stripe-signature'], SECRETS.stripe);
		assert.equal(event.type, 'invoice.paid');
		assert.match(c.headers['user-agent'], /^Stripe\//);
		c = await sent('github.push', 'github');
		assert.ok(await githubVerify(SECRETS.github, c.raw.toString('utf8'), c.headers['x-hub-signature-256']));
		assert.equal(c.headers['x-github-event'], 'push');
		c = await sent('standard.user.created', 'standard');
		assert.equal(new StandardWebhook(whsec).verify(c.raw.toString('utf8'), c.headers).type, 'user.created');
		c = await sent('twilio.message', 'twilio');
		assert.ok(twilio.validateRequest(SECRETS.twilio, c.headers['x-twilio-signature'], `http://127.0.0.1:${port}/direct?x=1`, Object.fromEntries(new URLSearchParams(c.raw.toString('utf8')))));
		c = await sent('discord.ping', 'discord');
		const key = ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
		assert.ok(await discordVerify(c.raw, c.headers['x-signature-ed25519'], c.headers['x-signature-timestamp'], key));
	});

	it('a GitLab signing token signs as GitLab does, and never goes out; a secret token goes as one', async () => {
		const file = w.path('gitlab-signing');
		writeFileSync(file, whsec + '\n');
		calls.length = 0;
		const r = await run('gitlab.push', '--to', String(port), '--secret', '@' + file);
		assert.equal(r.code, 0, r.err);
		const { raw, headers } = calls.at(-1);
		assert.equal(headers['x-gitlab-token'], undefined);
		assert.ok(!JSON.stringify(headers).includes(whsec.slice(6)) && !(r.text + r.err).includes(whsec.slice(6)));
		assert.equal(new StandardWebhook(whsec).verify(raw.toString('utf8'), headers).object_kind, 'push');
		assert.equal((await sent('gitlab.push', 'gitlab')).headers['x-gitlab-token'], 'the secret of gitlab');
	});

	it('what goes to an app straight away is on record, once; through the tunnel it is the tunnel\'s', async () => {
		const before = (await w.list()).length;
		const c = await sent('stripe.invoice.paid', 'stripe');
		const rows = await w.list();
		assert.equal(rows.length, before + 1);
		const row = rows.at(-1);
		assert.deepEqual([row.origin, row.target, row.status, row.provider, row.event_type, row.signature, row.state], ['trigger', '/direct?x=1', 200, 'stripe', 'invoice.paid', 'valid', 'delivered']);
		const shown = JSON.parse(await w.creelOut(['show', String(row.id), '--json']));
		assert.equal(shown.request.body, c.raw.toString('utf8'));
		assert.equal(shown.response.body, 'ok');
		assert.equal((await w.creel(['verify', String(row.id), '--secret', secret('stripe')])).code, 0);
		calls.length = 0;
		await w.creelOut(['replay', String(row.id)]);
		assert.equal(calls.at(-1).url, '/direct?x=1');
		const here = (await w.list()).length;
		assert.equal((await run('stripe', '--to', `${client.url}/hook`, '--secret', secret('stripe'))).code, 0);
		assert.deepEqual((await w.list()).slice(here).map((r) => r.origin), ['live']);
	});

	it('nothing of our own among the fields', async () => {
		const c = await sent('asana.task', 'asana');
		assert.deepEqual(Object.keys(c.headers).filter((k) => k !== 'connection').sort(), ['content-length', 'content-type', 'host', 'x-hook-signature']);
	});

	it('the provider alone is its usual event; each has ids of its own', async () => {
		const first = await sent('stripe', 'stripe');
		const second = await sent('stripe', 'stripe');
		assert.equal(JSON.parse(first.raw).type, 'invoice.paid');
		assert.notEqual(JSON.parse(first.raw).id, JSON.parse(second.raw).id);
		assert.ok(Math.abs(JSON.parse(first.raw).created - Date.now() / 1000) < 60);
	});

	it('--data adds, removes and appends, in the order given; a file is another body', async () => {
		const key = async (...args) => {
			const c = await sent('stripe.checkout.session.completed', 'stripe', ...args.flatMap((a) => ['--data', a]));
			return stripe.webhooks.constructEvent(c.raw, c.headers['stripe-signature'], SECRETS.stripe);
		};
		const event = await key('data.object.metadata.order_id=6', 'data.object.metadata.note="7"', 'data.object.line_items.data[0].id=li_1', 'data.object.line_items.data[].id=li_2',
			'data.object.customer_details={"email":"a@b.c","phone":null}', 'data.object.mode=null', 'request=null');
		const o = event.data.object;
		assert.deepEqual(o.metadata, { order_id: 6, note: '7' });
		assert.deepEqual(o.line_items, { data: [{ id: 'li_1' }, { id: 'li_2' }] });
		assert.deepEqual(o.customer_details, { email: 'a@b.c', phone: null });
		assert.ok(!('mode' in o) && !('request' in event));
		assert.equal(event.type, 'checkout.session.completed');
		const file = w.path('event.json');
		writeFileSync(file, '{"id": "evt_own", "type": "own.event"}');
		assert.deepEqual(await key(`@${file}`, 'extra.deep=true'), { id: 'evt_own', type: 'own.event', extra: { deep: true } });
		const c = await sent('twilio.message', 'twilio', '--data', 'Body=null', '--data', 'Added=x');
		const form = new URLSearchParams(c.raw.toString('utf8'));
		assert.deepEqual([form.get('Body'), form.get('Added')], [null, 'x']);
	});

	it('-H adds; the same name again is another field', async () => {
		const c = await sent('github.push', 'github', '-H', 'X-One: 1', '-H', 'X-Many: a', '-H', 'x-many: b', '-H', 'User-Agent: own');
		assert.deepEqual([c.headers['x-one'], c.headers['x-many'], c.headers['user-agent']], ['1', 'a, b', 'own']);
	});

	it('an event that is spelled nearly as one that there is: --force sends it, a terminal is asked', async () => {
		const args = ['stripe.invoice.payed', '--secret', secret('stripe')];
		assert.equal((await run(...args, '--force')).code, 0);
		assert.equal((await run('stripe.customer.created', '--secret', secret('stripe'))).code, 0, 'known, though there is no sample of its own');
		assert.equal((await run('stripe.something.entirely.new', '--secret', secret('stripe'))).code, 2, 'near nothing');
		const asked = async (answer) => {
			const p = spawn(path.join(binDir, 'pty-run'), ['100', '24', path.join(binDir, 'creel'), 'trigger', ...args], { env: { ...w.env, TERM: 'xterm' } });
			let text = '';
			p.stdout.on('data', (d) => (text += d));
			const ended = new Promise((resolve) => p.on('close', resolve));
			await waitFor(() => `a question; there is ${text}`, () => /did you mean stripe\.invoice\.paid.*\[y\/N\] $/s.test(text));
			p.stdin.write(answer);
			return { code: await ended, text };
		};
		const before = calls.length;
		assert.equal((await asked('\r')).code, 1);
		assert.equal(calls.length, before);
		assert.equal((await asked('y\r')).code, 0);
		assert.equal(JSON.parse(calls.at(-1).raw).type, 'invoice.payed');
	});

	it('--data and -H change it before it is signed; -H has the last word', async () => {
		let c = await sent('stripe.invoice.paid', 'stripe', '--data', 'data.object.amount_paid=9900', '--data', 'data.object.number=a "b" \\', '--data', 'livemode=true', '-H', 'X-Own: 1', '-H', 'Accept:');
		const event = stripe.webhooks.constructEvent(c.raw, c.headers['stripe-signature'], SECRETS.stripe);
		assert.deepEqual([event.data.object.amount_paid, event.data.object.number, event.livemode, c.headers['x-own'], c.headers.accept], [9900, 'a "b" \\', true, '1', undefined]);
		c = await sent('twilio.message', 'twilio', '--data', 'Body=a&b é', '--data', 'New=1');
		const form = new URLSearchParams(c.raw.toString('utf8'));
		assert.deepEqual([form.get('Body'), form.get('New')], ['a&b é', '1']);
		c = await sent('github.push', 'github', '-H', 'X-Hub-Signature-256: sha256=00');
		assert.equal(c.headers['x-hub-signature-256'], 'sha256=00');
	});

	it('without a secret: signed with the test secret, which is told', async () => {
		calls.length = 0;
		const r = await run('stripe', '--to', String(port));
		assert.equal(r.code, 0);
		assert.equal(calls[0].url, '/hooks/stripe');
		const [, test] = /test secret (\S+)/.exec(r.err);
		stripe.webhooks.constructEvent(calls[0].raw, calls[0].headers['stripe-signature'], test);
		const r2 = await run('standard', '--to', String(port));
		new StandardWebhook(/test secret (\S+)/.exec(r2.err)[1]).verify(calls[1].raw.toString('utf8'), calls[1].headers);
		const r3 = await run('discord', '--to', String(port));
		assert.equal(r3.code, 2);
		assert.match(r3.err, /private key/);
	});

	it('--json: what was sent and answered', async () => {
		const r = await run('github.issues', '--to', `http://127.0.0.1:${port}`, '--secret', secret('github'), '--json');
		const o = JSON.parse(r.text);
		assert.deepEqual([o.name, o.provider, o.status, o.answer, o.url], ['github.issues', 'github', 200, 'ok', `http://127.0.0.1:${port}/hooks/github`]);
		assert.ok(o.request.headers.some(([name]) => name === 'X-Hub-Signature-256'));
	});

	it('--fail and an answer that is not 2xx', async () => {
		assert.equal((await run('github', '--to', `http://127.0.0.1:${port}/bad`, '--secret', secret('github'))).code, 0);
		const r = await run('github', '--to', `http://127.0.0.1:${port}/bad`, '--secret', secret('github'), '--fail');
		assert.equal(r.code, 1);
		assert.match(r.err, /422/);
	});

	it('templates of one\'s own, before the built-in ones', async () => {
		const own = w.path('config', 'creel', 'templates');
		mkdirSync(own, { recursive: true });
		writeFileSync(`${own}/stripe.mine.http`, 'PUT /own?a=1 HTTP/1.1\r\nContent-Type: application/json\r\nX-Id: {{id}}\r\n\r\n{"type":"mine","at":{{now}},"x":"{{unknown}}"}\n');
		writeFileSync(`${own}/github.push.http`, 'POST / HTTP/1.1\nX-GitHub-Event: push\n\nmine');
		assert.match((await run('--list')).text, /^github\.push {2}\(your own\)\nstripe\.mine {2}\(your own\)\n/);
		calls.length = 0;
		assert.equal((await run('stripe.mine', '--to', String(port), '--secret', secret('stripe'))).code, 0);
		let c = calls.at(-1);
		assert.deepEqual([c.method, c.url, JSON.parse(c.raw).x], ['PUT', '/own?a=1', '{{unknown}}']);
		assert.match(c.headers['x-id'], /^[0-9a-f]{24}$/);
		assert.equal(stripe.webhooks.constructEvent(c.raw, c.headers['stripe-signature'], SECRETS.stripe).type, 'mine');
		c = await sent('github.push', 'github');
		assert.equal(c.raw.toString(), 'mine');
		const elsewhere = w.fresh('templates');
		mkdirSync(elsewhere);
		writeFileSync(`${elsewhere}/plain.http`, 'POST /p HTTP/1.1\n\nx');
		assert.equal((await run('plain', '--templates', elsewhere, '--to', String(port))).code, 0);
		assert.equal(calls.at(-1).raw.toString(), 'x');
		writeFileSync(`${elsewhere}/broken.http`, 'POST /p\n');
		const r = await run('broken', '--templates', elsewhere, '--to', String(port));
		assert.equal(r.code, 2);
		assert.match(r.err, /broken: line 1/);
	});

	it('what is wrong: one sentence and its exit code', async () => {
		const key = ['--secret', secret('stripe')];
		for (const [args, code, says] of [
			[[], 2, /takes one sample/],
			[['stripe', 'github', ...key], 2, /takes one sample/],
			[['strpe', ...key], 2, /did you mean stripe/],
			[['nobody.at.all', ...key], 2, /no sample 'nobody\.at\.all'/],
			[['../../etc/passwd', ...key], 2, /no sample/],
			[['standard.x\r\ny', ...key], 2, /letters, digits/],
			[['stripe.x\r\ny', ...key], 2, /no event that is known/],
			[['stripe', '--to', 'ftp://x/', ...key], 2, /takes a URL/],
			[['stripe', '--secret', 'hunter22'], 2, /never an argument/],
			[['stripe', '--secret', `@${w.path('none')}`], 2, /cannot be read/],
			[['stripe', '--data', 'id.x=1', ...key], 2, /what stands at 'id' is a text/],
			[['stripe', '--data', 'data.object.lines[7]=1', ...key], 2, /\[0\]|\[\d\]/],
			[['stripe', '--data', 'a..b=1', ...key], 2, /is not a path: a name is missing/],
			[['stripe', '--data', '@no-such', ...key], 2, /no-such cannot be read/],
			[['stripe.invoice.payed', ...key], 2, /did you mean stripe\.invoice\.paid.*--force/],
			[['stripe.invoice', ...key], 2, /did you mean stripe\.invoice\.paid, stripe\.\S+ or stripe\.\S+\? --force/],
			[['pull_request.opened', ...key], 2, /did you mean github\.pull_request\.opened;/],
			[['gitla.push', ...key], 2, /did you mean gitlab\.push or gitea\.push;/],
			[['github.issue', ...key], 2, /did you mean github\.issues/],
			[['stripe', '--data', 'x', ...key], 2, /PATH=VALUE/],
			[['stripe', '-H', 'x', ...key], 2, /Name: value/],
			[['stripe', '--to', `http://127.0.0.1:${await freePort()}/`, ...key], 5, /cannot be reached/],
		]) {
			const r = await run(...args);
			assert.equal(r.code, code, `${args}: ${r.err}`);
			assert.match(r.err, says);
			assert.equal(r.text, '');
		}
		const nobody = await w.creel(['trigger', 'stripe', ...key, '--db', w.path('no.db')]);
		assert.equal(nobody.code, 2);
		assert.match(nobody.err, /no tunnel is online/);
	});

	it('every program ended cleanly', async () => {
		assert.ok(client.url);
		await w.endsCleanly();
	});
});
