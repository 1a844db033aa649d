// Every form in which a provider signs, made here from PROVIDERS.md's description with Node's own cryptography, and spoilt in
// each way that users meet: the verdict has to be right, and its sentence to name what is wrong. Recognition by the way:
// fields in other letters and another order, bodies written prettily or with a byte order mark.
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { rows } from './lib/provider_table.mjs';
import { World } from './lib/harness.mjs';

const AT = 1764000000;
const HOST = 'hooks.example.com';
const SECRET = 'a secret of sixteen';
const HEX = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const BASE64 = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const WHSEC = `whsec_${BASE64}`;

const mac = (algorithm, encoding) => (key, text) => createHmac(algorithm, key).update(text).digest(encoding);
const hex = mac('sha256', 'hex'), base = mac('sha256', 'base64'), url64 = mac('sha256', 'base64url'), hex1 = mac('sha1', 'hex'), base1 = mac('sha1', 'base64');
const seconds = (t) => String(t), milliseconds = (t) => `${t}000`, iso = (t) => new Date(t * 1000).toISOString();
const sha = (text, encoding) => createHash('sha256').update(text).digest(encoding);
const json = (value) => JSON.stringify(value);

// Key pairs: the right one and another.
const pairs = (type, options) => {
	const [right, wrong] = [generateKeyPairSync(type, options), generateKeyPairSync(type, options)];
	const pem = right.publicKey.export({ type: 'spki', format: 'pem' });
	return { right: right.privateKey, wrong: wrong.privateKey, pem, jwk: right.publicKey.export({ format: 'jwk' }), raw: right.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32) };
};
const rsa = pairs('rsa', { modulusLength: 2048 }), rsa2 = pairs('rsa', { modulusLength: 2048 }), ec = pairs('ec', { namedCurve: 'P-256' }), ed = pairs('ed25519');
const rsaSign = (hash) => (key, text) => nodeSign(hash, Buffer.from(text), key).toString('base64');
const jwt = (alg, key, claims, head = {}) => {
	const text = [{ alg, ...head, typ: 'JWT' }, claims].map((part) => Buffer.from(json(part)).toString('base64url')).join('.');
	const how = { HS256: () => url64(key, text), RS256: () => nodeSign('sha256', Buffer.from(text), key).toString('base64url'),
		ES256: () => nodeSign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url') };
	return `${text}.${how[alg]()}`;
};

/**
 * A form: `sign` gives the fields of a delivery from { body, t, key, url, path }. `field`: the one whose absence has to be
 * named. `limit`: seconds. `uncovered`: the body is not signed. `spoil`: the body with another meaning. `at` is written by the
 * time's unit inside of `sign`.
 */
const plain = (field, how, more = {}) => ({ field, sign: ({ body, key }) => ({ [field]: how(key, body) }), ...more });
const timed = (field, how, limit, more = {}) => ({ field, limit, sign: how, ...more });
const token = (field, prefix = '') => ({ field, uncovered: true, sign: ({ key }) => ({ [field]: prefix + key }) });
const standard = (more = {}, names = 'webhook') => ({ field: `${names}-signature`, limit: 300, secret: WHSEC, wrong: `whsec_${Buffer.from('another key of 24 bytes!').toString('base64')}`,
	sign: ({ body, t, key }) => ({ [`${names}-id`]: 'msg_1', [`${names}-timestamp`]: seconds(t),
		[`${names}-signature`]: `v1,${base(Buffer.from(key.slice(6), 'base64'), `msg_1.${t}.${body}`)}` }),
	two: (a, b) => `${a} ${b}`, ...more });
const prefixed = (prefix, how) => (key, text) => prefix + how(key, text);
const EVENT = { id: 'evt_1', type: 'order.paid', event: 'order.paid', event_type: 'order.paid', n: 10 };

const FORMS = {
	github: plain('X-Hub-Signature-256', prefixed('sha256=', hex), { also: { 'X-GitHub-Event': 'push' } }),
	'github sha1': plain('X-Hub-Signature', prefixed('sha1=', hex1), { also: { 'X-GitHub-Event': 'push' }, missing: 'X-Hub-Signature-256' }),
	gitlab: { ...token('X-Gitlab-Token'), also: { 'X-Gitlab-Event': 'Push Hook' } },
	'gitlab signed': standard({ also: { 'X-Gitlab-Event': 'Push Hook' } }),
	gitea: plain('X-Gitea-Signature', hex, { also: { 'X-Gitea-Event': 'push', 'X-GitHub-Event': 'push' } }),
	'gitea gogs': plain('X-Gogs-Signature', hex, { also: { 'X-Gogs-Event': 'push', 'X-GitHub-Event': 'push' }, missing: 'X-Gitea-Signature' }),
	forgejo: plain('X-Forgejo-Signature', hex, { also: { 'X-Forgejo-Event': 'push', 'X-Gitea-Event': 'push', 'X-GitHub-Event': 'push' } }),
	bitbucket: plain('X-Hub-Signature', prefixed('sha256=', hex), { also: { 'X-Event-Key': 'repo:push' } }),
	stripe: timed('Stripe-Signature', ({ body, t, key }) => ({ 'Stripe-Signature': `t=${t},v1=${hex(key, `${t}.${body}`)}` }), 300, { two: (a, b) => `${a},${b.split(',')[1]}` }),
	slack: timed('X-Slack-Signature', ({ body, t, key }) => ({ 'X-Slack-Request-Timestamp': seconds(t), 'X-Slack-Signature': `v0=${hex(key, `v0:${t}:${body}`)}` }), 300),
	shopify: plain('X-Shopify-Hmac-Sha256', base, { also: { 'X-Shopify-Topic': 'orders/paid' } }),
	'shopify events': plain('shopify-hmac-sha256', base, { also: { 'shopify-topic': 'Product', 'shopify-action': 'update' } }),
	twilio: { field: 'X-Twilio-Signature', type: 'application/x-www-form-urlencoded', body: 'MessageSid=SM1&From=%2B41&Body=Gr%C3%BCezi&SmsStatus=sent', spoil: (b) => b.replace('SM1', 'SM2'),
		sign: ({ body, key, url }) => ({ 'X-Twilio-Signature': base1(key, url + [...new URLSearchParams(body)].sort(([a], [b]) => (a < b ? -1 : 1)).map((p) => p.join('')).join('')) }) },
	'twilio sha256': { field: 'X-Twilio-Signature', type: 'application/x-www-form-urlencoded', body: 'MessageSid=SM1&From=%2B41', spoil: (b) => b.replace('SM1', 'SM2'),
		also: { 'X-Twilio-Webhooks-Signature-Settings': 'key=k1,algorithm=HMAC_SHA256' },
		sign: ({ body, key, url }) => ({ 'X-Twilio-Signature': base(key, url + [...new URLSearchParams(body)].sort(([a], [b]) => (a < b ? -1 : 1)).map((p) => p.join('')).join('')) }) },
	standard: standard(),
	svix: standard({}, 'svix'),
	openai: standard({ also: { 'User-Agent': 'OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)' } }),
	discord: timed('X-Signature-Ed25519', ({ body, t, key }) => ({ 'X-Signature-Timestamp': seconds(t), 'X-Signature-Ed25519': nodeSign(null, Buffer.from(t + body), key).toString('hex') }), 0,
		{ secret: ed.raw.toString('hex'), key: ed.right, wrong: ed.wrong }),
	paddle: timed('Paddle-Signature', ({ body, t, key }) => ({ 'Paddle-Signature': `ts=${t};h1=${hex(key, `${t}:${body}`)}` }), 5, { two: (a, b) => `${a};${b.split(';')[1]}` }),
	square: plain('x-square-hmacsha256-signature', base, { sign: ({ body, key, url }) => ({ 'x-square-hmacsha256-signature': base(key, url + body) }) }),
	zoom: timed('x-zm-signature', ({ body, t, key }) => ({ 'x-zm-request-timestamp': seconds(t), 'x-zm-signature': `v0=${hex(key, `v0:${t}:${body}`)}` }), 300),
	twitch: timed('Twitch-Eventsub-Message-Signature', ({ body, t, key }) => ({ 'Twitch-Eventsub-Message-Id': 'id1', 'Twitch-Eventsub-Message-Timestamp': iso(t), 'Twitch-Eventsub-Message-Type': 'notification',
		'Twitch-Eventsub-Message-Signature': `sha256=${hex(key, `id1${iso(t)}${body}`)}` }), 600),
	linear: { field: 'Linear-Signature', limit: 60, also: { 'Linear-Event': 'Issue' }, body: (t) => json({ type: 'Issue', n: 10, webhookTimestamp: t * 1000 }), sign: ({ body, key }) => ({ 'Linear-Signature': hex(key, body) }) },
	hubspot: timed('X-HubSpot-Signature-v3', ({ body, t, key, url }) => ({ 'X-HubSpot-Request-Timestamp': milliseconds(t), 'X-HubSpot-Signature-v3': base(key, `POST${url}${body}${t}000`) }), 300),
	'hubspot v2': { field: 'X-HubSpot-Signature', also: { 'X-HubSpot-Signature-Version': 'v2' }, sign: ({ body, key, url }) => ({ 'X-HubSpot-Signature': sha(`${key}POST${url}${body}`, 'hex') }) },
	'hubspot v1': { field: 'X-HubSpot-Signature', also: { 'X-HubSpot-Signature-Version': 'v1' }, sign: ({ body, key }) => ({ 'X-HubSpot-Signature': sha(key + body, 'hex') }) },
	'hubspot v1 without its version': { field: 'X-HubSpot-Signature', missing: 'X-HubSpot-Signature-v3', sign: ({ body, key }) => ({ 'X-HubSpot-Signature': sha(key + body, 'hex') }) },
	sendgrid: timed('X-Twilio-Email-Event-Webhook-Signature', ({ body, t, key }) => ({ 'X-Twilio-Email-Event-Webhook-Timestamp': seconds(t),
		'X-Twilio-Email-Event-Webhook-Signature': nodeSign('sha256', Buffer.from(t + body), key).toString('base64') }), 0, { secret: ec.pem, key: ec.right, wrong: ec.wrong }),
	mailgun: { uncovered: true, inBody: 'signature', body: (t, key) => json({ signature: { token: 'tok1', timestamp: seconds(t), signature: hex(key, `${t}tok1`) }, 'event-data': { event: 'opened', id: 'e1' } }) },
	'mailgun form': { uncovered: true, inBody: 'signature', type: 'application/x-www-form-urlencoded', body: (t, key) => new URLSearchParams({ event: 'opened', timestamp: t, token: 'tok1', signature: hex(key, `${t}tok1`) }).toString() },
	typeform: plain('Typeform-Signature', prefixed('sha256=', base)),
	intercom: plain('X-Hub-Signature', prefixed('sha1=', hex1), { body: json({ type: 'notification_event', app_id: 'a1', topic: 'contact.created', id: 'n1', n: 10 }) }),
	meta: plain('X-Hub-Signature-256', prefixed('sha256=', hex), { body: json({ object: 'page', n: 10, entry: [{ id: '1', time: 1 }] }) }),
	'meta, letters beyond ASCII escaped': { field: 'X-Hub-Signature-256', plainOnly: true, body: json({ object: 'page', n: 10, entry: [{ id: '1', name: 'Zürich 🦀' }] }),
		sign: ({ body, key }) => ({ 'X-Hub-Signature-256': `sha256=${hex(key, body.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))}` }) },
	'meta sha1': plain('X-Hub-Signature', prefixed('sha1=', hex1), { also: { 'User-Agent': 'facebookexternalua' }, body: json({ object: 'page', n: 10, entry: [{ id: '1' }] }), missing: 'X-Hub-Signature-256' }),
	dropbox: plain('X-Dropbox-Signature', hex),
	zendesk: timed('X-Zendesk-Webhook-Signature', ({ body, t, key }) => ({ 'X-Zendesk-Webhook-Signature-Timestamp': iso(t), 'X-Zendesk-Webhook-Signature': base(key, iso(t) + body) }), 0),
	pagerduty: plain('X-PagerDuty-Signature', prefixed('v1=', hex), { two: (a, b) => `${a},${b}` }),
	razorpay: plain('X-Razorpay-Signature', hex),
	line: plain('x-line-signature', base),
	woocommerce: plain('X-WC-Webhook-Signature', base, { also: { 'X-WC-Webhook-Topic': 'order.created' } }),
	launchdarkly: plain('X-LD-Signature', hex),
	calendly: timed('Calendly-Webhook-Signature', ({ body, t, key }) => ({ 'Calendly-Webhook-Signature': `t=${t},v1=${hex(key, `${t}.${body}`)}` }), 180, { two: (a, b) => `${a},${b.split(',')[1]}` }),
	asana: plain('X-Hook-Signature', hex),
	adyen: plain('HmacSignature', (key, body) => base(Buffer.from(key, 'hex'), body), { also: { Protocol: 'HmacSHA256' }, secret: HEX, wrong: HEX.replace('a', 'b') }),
	'adyen standard': { inBody: 'hmacSignature', secret: HEX, wrong: HEX.replace('a', 'b'), spoil: (b) => b.replace('1130', '1131'),
		body: (t, key) => json({ live: 'false', notificationItems: [{ NotificationRequestItem: { additionalData: { hmacSignature: base(Buffer.from(key, 'hex'), 'psp1::Shop:Order:1130:EUR:AUTHORISATION:true') },
			amount: { currency: 'EUR', value: 1130 }, eventCode: 'AUTHORISATION', merchantAccountCode: 'Shop', merchantReference: 'Order', originalReference: '', pspReference: 'psp1', success: 'true' } }] }) },
	airtable: plain('X-Airtable-Content-MAC', (key, body) => `hmac-sha256=${hex(Buffer.from(key, 'base64'), body)}`, { secret: BASE64, wrong: Buffer.from('another').toString('base64') }),
	auth0: { ...token('Authorization'), body: json([{ log_id: 'l1', data: { type: 's', log_id: 'l1' } }]) },
	'auth0 single': { ...token('Authorization'), body: json({ log_id: 'l1', data: { type: 's', log_id: 'l1' } }) },
	'auth0 lines': { ...token('Authorization'), type: 'application/json', body: `${json({ log_id: 'l1', data: { type: 's' } })}\n${json({ log_id: 'l2', data: { type: 'f' } })}\n`, plainOnly: true },
	sns: { inBody: 'Signature', also: { 'x-amz-sns-message-type': 'Notification' }, secret: rsa.pem, key: rsa.right, wrong: rsa.wrong, spoil: (b) => b.replace('hello', 'hallo'),
		body: (t, key) => json(snsMessage(t, key, '1', 'RSA-SHA1')) },
	'sns sha256': { inBody: 'Signature', also: { 'x-amz-sns-message-type': 'Notification' }, secret: rsa.pem, key: rsa.right, wrong: rsa.wrong, spoil: (b) => b.replace('hello', 'hallo'),
		body: (t, key) => json(snsMessage(t, key, '2', 'RSA-SHA256')) },
	bigcommerce: { ...standard(), secret: SECRET, wrong: 'another', body: json({ scope: 'store/order/created', hash: 'h1', producer: 'stores/abc', n: 10 }),
		sign: ({ body, t, key }) => ({ 'webhook-id': 'msg_1', 'webhook-timestamp': seconds(t), 'webhook-signature': `v1,${base(key, `msg_1.${t}.${body}`)}` }) },
	box: timed('BOX-SIGNATURE-PRIMARY', ({ body, t, key }) => ({ 'BOX-DELIVERY-ID': 'd1', 'BOX-DELIVERY-TIMESTAMP': iso(t), 'BOX-SIGNATURE-PRIMARY': base(key, body + iso(t)) }), 600),
	'box, letters beyond ASCII escaped': { ...timed('BOX-SIGNATURE-PRIMARY', ({ body, t, key }) => ({ 'BOX-DELIVERY-TIMESTAMP': iso(t),
		'BOX-SIGNATURE-PRIMARY': base(key, body.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) + iso(t)) }), 600), body: json({ id: 'w1', trigger: 'FILE.UPLOADED', name: 'Zürich 🦀', n: 10 }) },
	'box secondary': { ...timed('BOX-SIGNATURE-SECONDARY', ({ body, t, key }) => ({ 'BOX-DELIVERY-ID': 'd1', 'BOX-DELIVERY-TIMESTAMP': iso(t), 'BOX-SIGNATURE-SECONDARY': base(key, body + iso(t)) }), 600), missing: 'BOX-SIGNATURE-PRIMARY' },
	braintree: { inBody: 'bt_signature', type: 'application/x-www-form-urlencoded', spoil: (b) => b.replace('bt_payload=P', 'bt_payload=Q'),
		body: (t, key) => { const payload = Buffer.from('<notification><kind>check</kind></notification>').toString('base64');
			return new URLSearchParams({ bt_signature: `pub1|${hex1(createHash('sha1').update(key).digest(), payload)}`, bt_payload: payload }).toString(); } },
	buildkite: timed('X-Buildkite-Signature', ({ body, t, key }) => ({ 'X-Buildkite-Signature': `timestamp=${t},signature=${hex(key, `${t}.${body}`)}` }), 0, { also: { 'X-Buildkite-Event': 'build.finished' } }),
	'buildkite token': { ...token('X-Buildkite-Token'), also: { 'X-Buildkite-Event': 'build.finished' }, missing: 'X-Buildkite-Signature' },
	circleci: plain('circleci-signature', prefixed('v1=', hex), { also: { 'circleci-event-type': 'ping' }, two: (a, b) => `${a},${b}` }),
	clickup: plain('X-Signature', hex, { body: json({ event: 'taskCreated', webhook_id: 'w1', n: 10 }) }),
	cloudflare: timed('Webhook-Signature', ({ body, t, key }) => ({ 'Webhook-Signature': `time=${t},sig1=${hex(key, `${t}.${body}`)}` }), 0),
	'cloudflare notifications': { ...token('cf-webhook-auth'), missing: 'Webhook-Signature' },
	'coinbase commerce': plain('X-CC-Webhook-Signature', hex, { body: json({ id: 1, event: { type: 'charge:confirmed', id: 'e1', n: 10 } }), missing: 'X-Hook0-Signature' }),
	coinbase: timed('X-Hook0-Signature', ({ body, t, key }) => ({ 'X-Event-Id': 'e1', 'X-Event-Type': 'onchain.activity',
		'X-Hook0-Signature': `t=${t},h=x-event-id x-event-type,v1=${hex(key, `${t}.x-event-id x-event-type.e1.onchain.activity.${body}`)}` }), 300),
	'coinbase v0 beside v1': timed('X-Hook0-Signature', ({ body, t, key }) => ({ 'X-Event-Id': 'e1', 'X-Event-Type': 'onchain.activity',
		'X-Hook0-Signature': `t=${t},v0=${hex(key, `${t}.${body}`)},h=x-event-id x-event-type,v1=${hex(key, `${t}.x-event-id x-event-type.e1.onchain.activity.${body}`)}` }), 300),
	'coinbase v0': timed('X-Hook0-Signature', ({ body, t, key }) => ({ 'X-Event-Id': 'e1', 'X-Event-Type': 'onchain.activity', 'X-Hook0-Signature': `t=${t},v0=${hex(key, `${t}.${body}`)}` }), 300),
	contentful: timed('x-contentful-signature', ({ body, t, key, path }) => ({ 'x-contentful-topic': 'ContentManagement.Entry.publish', 'x-contentful-timestamp': milliseconds(t),
		'x-contentful-signed-headers': 'x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic',
		'x-contentful-signature': hex(key, `POST\n${path}\nx-contentful-signed-headers:x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic;x-contentful-timestamp:${t}000;x-contentful-topic:ContentManagement.Entry.publish\n${body}`) }), 30),
	docusign: plain('X-DocuSign-Signature-1', base),
	'docusign, the third key': plain('X-DocuSign-Signature-3', base, { also: { 'X-Authorization-Digest': 'HMACSHA256' }, missing: 'X-DocuSign-Signature-1' }),
	elevenlabs: timed('ElevenLabs-Signature', ({ body, t, key }) => ({ 'ElevenLabs-Signature': `t=${t},v0=${hex(key, `${t}.${body}`)}` }), 1800),
	figma: { uncovered: true, inBody: 'passcode', body: (t, key) => json({ event_type: 'FILE_UPDATE', passcode: key, webhook_id: '1', timestamp: iso(t) }) },
	front: timed('X-Front-Signature', ({ body, t, key }) => ({ 'X-Front-Request-Timestamp': milliseconds(t), 'X-Front-Signature': base(key, `${t}000:${body}`) }), 300),
	'front rules': plain('X-Front-Signature', base1),
	gocardless: plain('Webhook-Signature', hex, { body: json({ events: [{ id: 'EV1', action: 'confirmed', resource_type: 'payments' }], meta: { webhook_id: 'WB1' }, n: 10 }) }),
	google: { ...token('X-Goog-Channel-Token'), also: { 'X-Goog-Channel-ID': 'c1', 'X-Goog-Resource-State': 'update', 'X-Goog-Message-Number': '2' } },
	'google pubsub': { field: 'Authorization', uncovered: true, secret: rsa.pem, key: rsa.right, wrong: rsa.wrong, body: json({ message: { messageId: '1', data: 'aGVsbG8=' }, subscription: 'projects/p/subscriptions/s' }), expires: true,
		missing: 'Authorization', sign: ({ t, key, url }) => ({ Authorization: `Bearer ${jwt('RS256', key, { iss: 'https://accounts.google.com', aud: url, email: 'a@b', iat: t, exp: t + 3600 })}` }) },
	'google pubsub, a key set, for a list of audiences': { field: 'Authorization', uncovered: true, secret: json({ keys: [{ ...rsa.jwk, alg: 'RS256', kid: 'k1' }] }), key: rsa.right, wrong: rsa.wrong, expires: true,
		body: json({ message: { messageId: '1', data: 'aGVsbG8=' }, subscription: 'projects/p/subscriptions/s' }),
		sign: ({ t, key, url }) => ({ Authorization: `Bearer ${jwt('RS256', key, { iss: 'accounts.google.com', aud: ['https://elsewhere.example/', url], iat: t, exp: t + 3600 })}` }) },
	...Object.fromEntries([['by its id', { kid: 'k2' }, ['k1', 'k2', 'k3']], ['without an id in the token', {}, ['k1', 'k2', 'k3']], ['without ids in the set', { kid: 'k2' }, []]].map(([how, head, ids]) => [`google pubsub, a key of several ${how}`, {
		field: 'Authorization', uncovered: true, key: rsa.right, wrong: rsa.wrong, expires: true,
		secret: json({ keys: [ec.jwk, rsa.jwk, rsa2.jwk].map((k, i) => ({ ...k, use: 'sig', ...(ids[i] && { kid: ids[i] }) })) }), body: json({ message: { messageId: '1', data: 'aGVsbG8=' }, subscription: 'projects/p/subscriptions/s' }),
		sign: ({ t, key, url }) => ({ Authorization: `Bearer ${jwt('RS256', key, { iss: 'https://accounts.google.com', aud: url, iat: t, exp: t + 3600 }, head)}` }) }])),
	'google pubsub, PEM by its id': { field: 'Authorization', uncovered: true, key: rsa.right, wrong: rsa.wrong, expires: true, secret: json({ k1: rsa2.pem, k2: rsa.pem }),
		body: json({ message: { messageId: '1', data: 'aGVsbG8=' }, subscription: 'projects/p/subscriptions/s' }),
		sign: ({ t, key, url }) => ({ Authorization: `Bearer ${jwt('RS256', key, { iss: 'https://accounts.google.com', aud: url, iat: t, exp: t + 3600 }, { kid: 'k2' })}` }) },
	heroku: plain('Heroku-Webhook-Hmac-SHA256', base, { body: json({ action: 'create', resource: 'dyno', id: 'd1', n: 10 }) }),
	jira: plain('X-Hub-Signature', prefixed('sha256=', hex), { body: json({ webhookEvent: 'jira:issue_created', n: 10 }) }),
	klaviyo: timed('Klaviyo-Signature', ({ body, t, key }) => ({ 'Klaviyo-Webhook-Id': 'w1', 'Klaviyo-Timestamp': iso(t), 'Klaviyo-Signature': hex(key, body + iso(t)) }), 0),
	lemonsqueezy: plain('X-Signature', hex, { also: { 'X-Event-Name': 'order_created' } }),
	livekit: { field: 'Authorization', type: 'application/webhook+json', body: json({ event: 'room_started', id: 'EV_1', n: 10 }), expires: true,
		sign: ({ body, t, key }) => ({ Authorization: jwt('HS256', key, { iss: 'APIkey1', nbf: t, exp: t + 3600, sha256: sha(body, 'base64') }) }) },
	mandrill: { field: 'X-Mandrill-Signature', type: 'application/x-www-form-urlencoded', body: new URLSearchParams({ mandrill_events: json([{ event: 'send', _id: 'm1' }]) }).toString(), spoil: (b) => b.replace('send', 'sent'),
		sign: ({ body, key, url }) => ({ 'X-Mandrill-Signature': base1(key, url + [...new URLSearchParams(body)].map((p) => p.join('')).join('')) }) },
	mattermost: { uncovered: true, inBody: 'token', type: 'application/x-www-form-urlencoded', body: (t, key) => new URLSearchParams({ token: key, team_id: 't', channel_id: 'c', command: '/creel', trigger_id: 'x' }).toString() },
	'mattermost json': { uncovered: true, inBody: 'token', body: (t, key) => json({ token: key, team_id: 't', channel_id: 'c', trigger_word: 'creel', post_id: 'p1' }) },
	mercadopago: { field: 'x-signature', uncovered: true, path: '/hook?data.id=ABC123&type=payment', body: json({ action: 'payment.updated', id: 1, data: { id: 'ABC123' } }), also: { 'x-request-id': 'req-1' },
		sign: ({ t, key }) => ({ 'x-signature': `ts=${t},v1=${hex(key, `id:abc123;request-id:req-1;ts:${t};`)}` }) },
	'microsoft-graph': { uncovered: true, inBody: 'clientState', body: (t, key) => json({ value: [1, 2].map((n) => ({ subscriptionId: `s${n}`, clientState: key, changeType: 'updated', resource: 'r', id: `n${n}` })) }) },
	'microsoft-teams': plain('Authorization', (key, body) => `HMAC ${base(Buffer.from(key, 'base64'), body)}`, { secret: BASE64, wrong: Buffer.from('another').toString('base64') }),
	mollie: plain('X-Mollie-Signature', prefixed('sha256=', hex)),
	'mollie, bare': plain('X-Mollie-Signature', hex),
	monday: { field: 'Authorization', uncovered: true, expires: true, body: json({ event: { type: 'create_pulse', triggerUuid: 'u1' } }), sign: ({ t, key, url }) => ({ Authorization: jwt('HS256', key, { aud: url, iat: t, exp: t + 300 }) }) },
	mux: timed('Mux-Signature', ({ body, t, key }) => ({ 'Mux-Signature': `t=${t},v1=${hex(key, `${t}.${body}`)}` }), 300, { two: (a, b) => `${a},${b.split(',')[1]}` }),
	netlify: { field: 'X-Webhook-Signature', also: { 'X-Netlify-Event': 'deploy_created' }, sign: ({ body, key }) => ({ 'X-Webhook-Signature': jwt('HS256', key, { iss: 'netlify', sha256: sha(body, 'hex') }) }) },
	notion: plain('X-Notion-Signature', prefixed('sha256=', hex)),
	okta: { ...token('Authorization'), body: json({ eventType: 'com.okta.event_hook', eventId: 'e1', data: { events: [{ eventType: 'user.lifecycle.create' }] } }) },
	paypal: { field: 'Paypal-Transmission-Sig', secret: `WH-1\n${rsa.pem}`, key: rsa.right, wrong: rsa.wrong, missing: 'Paypal-Transmission-Sig',
		sign: ({ body, t, key }) => ({ 'Paypal-Transmission-Id': 'id-1', 'Paypal-Transmission-Time': iso(t), 'Paypal-Auth-Algo': 'SHA256withRSA',
			'Paypal-Transmission-Sig': rsaSign('RSA-SHA256')(key, `id-1|${iso(t)}|WH-1|${crcOf(body)}`) }) },
	paystack: plain('x-paystack-signature', mac('sha512', 'hex')),
	plaid: { field: 'Plaid-Verification', limit: 300, secret: ec.pem, key: ec.right, wrong: ec.wrong, sign: ({ body, t, key }) => ({ 'Plaid-Verification': jwt('ES256', key, { iat: t, request_body_sha256: sha(body, 'hex') }) }) },
	'plaid, as its API gives the key': { field: 'Plaid-Verification', limit: 300, secret: json({ key: { ...ec.jwk, alg: 'ES256', kid: 'k1', use: 'sig', created_at: 1, expired_at: null }, request_id: 'r1' }), key: ec.right, wrong: ec.wrong,
		sign: ({ body, t, key }) => ({ 'Plaid-Verification': jwt('ES256', key, { iat: t, request_body_sha256: sha(body, 'hex') }) }) },
	pusher: plain('X-Pusher-Signature', hex, { also: { 'X-Pusher-Key': 'k1' } }),
	quickbooks: plain('intuit-signature', base),
	recurly: timed('recurly-signature', ({ body, t, key }) => ({ 'recurly-signature': `${t}000,${hex(key, `${t}000.${body}`)}` }), 300, { two: (a, b) => `${a},${b.split(',')[1]}` }),
	revolut: timed('Revolut-Signature', ({ body, t, key }) => ({ 'Revolut-Request-Timestamp': milliseconds(t), 'Revolut-Signature': `v1=${hex(key, `v1.${t}000.${body}`)}` }), 300, { two: (a, b) => `${a},${b}` }),
	sanity: timed('sanity-webhook-signature', ({ body, t, key }) => ({ 'sanity-operation': 'create', 'sanity-webhook-signature': `t=${t}000,v1=${url64(key, `${t}000.${body}`)}` }), 0),
	sentry: plain('Sentry-Hook-Signature', hex, { also: { 'Sentry-Hook-Resource': 'issue', 'Request-ID': 'r1' } }),
	snyk: plain('X-Hub-Signature', prefixed('sha256=', hex), { also: { 'X-Snyk-Event': 'project_snapshot/v0' } }),
	telegram: { ...token('X-Telegram-Bot-Api-Secret-Token'), body: json({ update_id: 1, message: { text: 'hi' } }) },
	telnyx: timed('telnyx-signature-ed25519', ({ body, t, key }) => ({ 'telnyx-timestamp': seconds(t), 'telnyx-signature-ed25519': nodeSign(null, Buffer.from(`${t}|${body}`), key).toString('base64') }), 300,
		{ secret: ed.raw.toString('base64'), key: ed.right, wrong: ed.wrong }),
	'telnyx, a JSON Web Key': timed('telnyx-signature-ed25519', ({ body, t, key }) => ({ 'telnyx-timestamp': seconds(t), 'telnyx-signature-ed25519': nodeSign(null, Buffer.from(`${t}|${body}`), key).toString('base64') }), 300,
		{ secret: json(ed.jwk), key: ed.right, wrong: ed.wrong }),
	trello: { field: 'X-Trello-Webhook', sign: ({ body, key, url }) => ({ 'X-Trello-Webhook': base1(key, body + url) }) },
	vercel: plain('x-vercel-signature', hex1),
	webflow: timed('x-webflow-signature', ({ body, t, key }) => ({ 'x-webflow-timestamp': milliseconds(t), 'x-webflow-signature': hex(key, `${t}000:${body}`) }), 300),
	wise: { field: 'X-Signature-SHA256', secret: rsa.pem, key: rsa.right, wrong: rsa.wrong, sign: ({ body, key }) => ({ 'X-Signature-SHA256': rsaSign('RSA-SHA256')(key, body) }) },
	workos: timed('WorkOS-Signature', ({ body, t, key }) => ({ 'WorkOS-Signature': `t=${t}000, v1=${hex(key, `${t}000.${body}`)}` }), 180),
	xero: plain('x-xero-signature', base),
	...Object.fromEntries(['sha1', 'sha256', 'sha384', 'sha512'].map((a) => [`websub ${a}`, plain('X-Hub-Signature', prefixed(`${a}=`, mac(a, 'hex')),
		{ type: 'application/atom+xml', body: '<feed>10</feed>', also: { Link: '<https://hub.example.com/>; rel=hub' }, plainOnly: true })])),
};

/* Node 20 has no crc32 in zlib before 20.15. */
function crcOf(body) {
	return crc32 ? crc32(body) : assert.fail('no crc32');
}

function snsMessage(t, key, version, hash) {
	const m = { Type: 'Notification', MessageId: 'm1', TopicArn: 'arn:aws:sns:eu-west-1:1:t', Message: 'hello', Timestamp: iso(t), SignatureVersion: version,
		SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem' };
	const text = ['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'].map((k) => `${k}\n${m[k]}\n`).join('');
	return { ...m, Signature: rsaSign(hash)(key, text) };
}

const owner = (name) => name.split(/[ ,]/)[0];
const pretty = (body) => { try { return `${JSON.stringify(JSON.parse(body), null, '\t')}\n`; } catch { return null; } };
const upper = (list) => list.map(([n, v]) => [n.toUpperCase(), v]);

/** All deliveries of one form: what was done to it, the delivery, and what is to be said. */
function casesOf(name, f) {
	const secret = f.secret ?? SECRET, right = f.key ?? secret, wrong = f.wrong ?? 'another secret';
	const path = f.path ?? '/hook', url = `https://${HOST}${path}`;
	const fixed = { 'Content-Type': f.type ?? 'application/json', ...f.also };
	const bodyOf = (t, key) => (typeof f.body === 'function' ? f.body(t, key) : f.body ?? json(EVENT));
	const make = ({ t = AT, key = right, body = bodyOf(t, key), sent = body } = {}) => ({ path, body: sent, headers: Object.entries({ ...fixed, ...f.sign?.({ body, t, key, url, path }) }) });
	const valid = make();
	const cases = [];
	const add = (what, delivery, wanted) => cases.push({ name, what, delivery, provider: owner(name), ...wanted });
	const good = { signature: 'valid' }, bad = (reason, why) => ({ signature: 'invalid', reason, why });
	add('valid', valid, good);
	if (!f.uncovered) {
		const spoil = f.spoil ?? ((b) => b.replace('10', '11'));
		const body = bodyOf(AT, right);
		assert.notEqual(spoil(body), body, name);
		add('a byte of the body changed', make({ body, sent: spoil(body) }), bad(/^(mismatch|body)$/, /body was changed/));
	}
	if (f.limit) {
		add('old', make({ t: AT - f.limit - 60 }), bad(/^old$/, new RegExp(`${f.limit + 60} s old, 60 s more than the tolerance of ${f.limit} s`)));
		add('nearly old', make({ t: AT - f.limit + 1 }), good);
	}
	if (f.expires) add('old', make({ t: AT - 4000 }), bad(/^old$/, /\(exp\) ran out \d+ s ago/));
	add('another secret', make({ key: wrong }), bad(/^mismatch$/, /the secret is another one/));
	const named = f.missing ?? f.field;
	if (f.field) {
		add('no signature', { ...valid, headers: valid.headers.filter(([n]) => n !== f.field) }, { signature: /^(invalid|none)$/, reason: /^(missing|provider)$/, why: new RegExp(`${named} is missing`, 'i'), unrecognised: true });
		add('an empty one', { ...valid, headers: valid.headers.map(([n, v]) => [n, n === f.field ? '' : v]) }, { ...bad(/^(missing|malformed)$/, /is (empty|missing)/), unrecognised: true });
		const value = valid.headers.find(([n]) => n === f.field)[1];
		add('twice', { ...valid, headers: [...valid.headers, [f.field, value]] }, bad(/^malformed$/, new RegExp(`${f.field} is there 2 times`, 'i')));
		if (f.two) {
			const other = make({ key: wrong }).headers.find(([n]) => n === f.field)[1];
			const put = (v) => ({ ...valid, headers: valid.headers.map(([n, old]) => [n, n === f.field ? v : old]) });
			add('rotation: ours is the first', put(f.two(value, other)), good);
			add('rotation: ours is the second', put(f.two(other, value)), good);
		}
	} else {
		const gone = valid.body.replaceAll(f.inBody, `${f.inBody}X`);
		assert.notEqual(gone, valid.body, name);
		add('no signature', { ...valid, body: gone }, { signature: /^(invalid|none)$/, reason: /^(missing|provider)$/, why: new RegExp(`the body has no .*${f.inBody}`), unrecognised: true });
	}
	add('fields in capitals, the other way round', { ...valid, headers: upper(valid.headers).reverse() }, good);
	add('fields in small letters', { ...valid, headers: valid.headers.map(([n, v]) => [n.toLowerCase(), v]) }, good);
	const laid = f.plainOnly ? null : pretty(bodyOf(AT, right));
	if (laid) {
		add('a body written prettily', make({ body: laid }), good);
		add('a body with a byte order mark', make({ body: `\uFEFF${bodyOf(AT, right)}` }), good);
	}
	return cases;
}

describe('every form', () => {
	let w, db, got;
	const cases = Object.entries(FORMS).flatMap(([name, f]) => casesOf(name, f));
	before(async () => {
		w = new World();
		db = ['--db', w.path('forms.db')];
		const input = cases.map(({ delivery }, i) => JSON.stringify({ received_at: new Date(AT * 1000).toISOString(), method: 'POST', target: delivery.path, https: true,
			request: { headers: [['Host', HOST], ['X-N', String(i + 1)], ...delivery.headers], body: delivery.body } })).join('\n');
		await w.creelOut(['import', '-', '--format', 'ndjson', ...db], { input });
		got = new Map();
		for (const l of (await w.creelOut(['list', '--json', '-n', '100000', ...db])).toString('utf8').split('\n').filter(Boolean)) {
			const row = JSON.parse(l);
			got.set(row.id, { provider: row.provider });
		}
		for (const [name, f] of Object.entries(FORMS)) {
			const file = w.fresh('secret'), old = w.fresh('secret');
			writeFileSync(file, f.secret ?? SECRET, { mode: 0o600 });
			// The one before it, as in a rotation: it must not matter that it does not match.
			writeFileSync(old, f.key ? file && f.secret : typeof f.wrong === 'string' ? f.wrong.replace(/.(?=.{4}$)/, 'A') : 'the secret before', { mode: 0o600 });
			const ids = cases.map((c, i) => (c.name === name ? String(i + 1) : null)).filter(Boolean);
			const r = await w.creel(['verify', '--json', ...ids, '--provider', owner(name), '--secret', `@${old}`, '--secret', `@${file}`, ...db]);
			assert.ok(r.code <= 1, `${name}: ${r.err}`);
			for (const l of r.text.split('\n').filter(Boolean)) Object.assign(got.get(JSON.parse(l).id), { verdict: JSON.parse(l) });
		}
	});
	after(() => w?.close());

	const matches = (wanted, value) => (wanted instanceof RegExp ? wanted.test(value) : wanted === value);
	for (const name of Object.keys(FORMS))
		it(name, () => {
			const wrong = [];
			for (const [i, c] of cases.entries()) {
				if (c.name !== name) continue;
				const { provider, verdict: v } = got.get(i + 1);
				if (!v) {
					wrong.push(`${c.what}: no verdict`);
					continue;
				}
				if (!matches(c.signature, v.signature) || (c.reason && !matches(c.reason, v.reason)) || (c.why && !matches(c.why, v.why)))
					wrong.push(`${c.what}: ${v.signature}, ${v.reason}: ${v.why}`);
				if (provider !== c.provider && !c.unrecognised) wrong.push(`${c.what}: recognised as ${provider}`);
			}
			assert.deepEqual(wrong, []);
		});

	it('of every provider that signs', () => {
		const here = new Set(Object.keys(FORMS).map(owner));
		assert.deepEqual([...new Set(rows.filter((r) => !r.unchecked).map((r) => owner(r.name)))].filter((n) => !here.has(n)), []);
	});
	it('every program ended cleanly', () => w.endsCleanly());
});
