// Samples against what the providers publish: schemas, types and libraries of npm. No member is missing, none of another
// kind; what a library builds of a body, it builds.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { Paddle } from '@paddle/paddle-node-sdk';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { World } from './lib/harness.mjs';
import { typeWalker } from './lib/type_walk.mjs';

const schema = createRequire(import.meta.url)('@octokit/webhooks-schemas/schema.json');
const STRIPE = { 'charge.refunded': 'ChargeRefundedEvent', 'checkout.session.completed': 'CheckoutSessionCompletedEvent', 'customer.subscription.deleted': 'CustomerSubscriptionDeletedEvent',
	'invoice.paid': 'InvoicePaidEvent', 'invoice.payment_failed': 'InvoicePaymentFailedEvent', 'payment_intent.succeeded': 'PaymentIntentSucceededEvent' };
const TYPES = `
import Stripe from 'stripe';
import { webhook } from '@line/bot-sdk';
import type { EntityWebhookPayloadWithIssueData } from '@linear/sdk/webhooks';
import type { APIPingInteraction, APIChatInputApplicationCommandInteraction } from 'discord-api-types/v10';
import type { UserWebhookEvent } from '@clerk/backend';
import type { WebhookEventPayload } from 'resend';
import type { WebhookPushEventSchema, WebhookMergeRequestEventSchema } from '@gitbeaker/core';
import type { PostData } from 'whatsapp-api-js/types';
import type { BlockAction } from '@slack/bolt';
import type { ITransactionNotificationResponse } from '@paddle/paddle-node-sdk';
import OpenAI from 'openai';
${Object.entries(STRIPE).map(([, type]) => `export type ${type} = Stripe.${type};`).join('\n')}
export type LinearIssue = EntityWebhookPayloadWithIssueData;
export type DiscordPing = APIPingInteraction;
export type DiscordCommand = APIChatInputApplicationCommandInteraction;
export type LineMessage = webhook.CallbackRequest;
export type ClerkUser = UserWebhookEvent;
export type ResendEmail = WebhookEventPayload;
export type GitlabPush = WebhookPushEventSchema;
export type GitlabMerge = WebhookMergeRequestEventSchema;
export type WhatsApp = PostData;
export type SlackInteraction = BlockAction;
export type OpenaiCompleted = OpenAI.Webhooks.ResponseCompletedWebhookEvent;
export type PaddleTransaction = ITransactionNotificationResponse;
`;

describe('samples', () => {
	let w, last, port;
	before(async () => {
		w = new World();
		const app = http.createServer(async (req, res) => {
			const pieces = [];
			for await (const piece of req) pieces.push(piece);
			last = { headers: req.headers, raw: Buffer.concat(pieces).toString('utf8') };
			res.end();
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		port = app.address().port;
		w.keep({ close: () => (app.closeAllConnections?.(), new Promise((r) => app.close(r))) });
	});
	after(() => w?.close());

	const sent = async (name) => {
		const secret = w.path('secret');
		const { writeFileSync } = await import('node:fs');
		writeFileSync(secret, /^(clerk|resend|svix|standard|openai)/.test(name) ? 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' : /^discord/.test(name) ? '01'.repeat(32) : 'a secret');
		const r = await w.creel(['trigger', name, '--to', `http://127.0.0.1:${port}`, '--secret', `@${secret}`]);
		assert.equal(r.code, 0, r.err);
		return last;
	};
	const body = async (name) => JSON.parse((await sent(name)).raw);

	it('GitHub: its schemas', async () => {
		const ajv = new Ajv({ allErrors: true, strict: false });
		addFormats(ajv);
		ajv.addSchema(schema, 'github');
		for (const [name, action] of [['ping', 'event'], ['push', 'event'], ['issues', 'opened'], ['issue_comment', 'created'], ['pull_request', 'opened'], ['release', 'published'], ['workflow_run', 'completed']]) {
			const validate = ajv.getSchema(`github#/definitions/${name}$${action}`);
			assert.ok(validate(await body(`github.${name}`)), `${name}: ${ajv.errorsText(validate.errors)}`);
		}
	});

	it('Stripe, Linear, Discord, LINE, Clerk, Resend, GitLab, WhatsApp, OpenAI, Slack, Paddle: their types', async () => {
		const faults = typeWalker(TYPES);
		for (const [event, type] of Object.entries(STRIPE)) assert.deepEqual(faults(type, await body(`stripe.${event}`)), [], event);
		for (const [name, type] of [['linear.issue', 'LinearIssue'], ['discord.ping', 'DiscordPing'], ['discord.command', 'DiscordCommand'], ['line.message', 'LineMessage'],
			['clerk.user.created', 'ClerkUser'], ['resend.email.delivered', 'ResendEmail'], ['gitlab.push', 'GitlabPush'], ['gitlab.merge_request', 'GitlabMerge'], ['meta.whatsapp', 'WhatsApp'], ['openai.response.completed', 'OpenaiCompleted']])
			assert.deepEqual(faults(type, await body(name)), [], name);
		assert.deepEqual(faults('SlackInteraction', JSON.parse(new URLSearchParams((await sent('slack.interaction')).raw).get('payload'))), []);
		assert.deepEqual(faults('PaddleTransaction', (await body('paddle.transaction.completed')).data), []);
		// The walker itself: a member less, one more, another kind.
		const paid = await body('stripe.invoice.paid');
		delete paid.data.object.currency;
		paid.data.object.paid = true;
		paid.data.object.total = '4200';
		assert.deepEqual(faults('InvoicePaidEvent', paid).sort(), ['.data.object.currency is missing', '.data.object.paid is extra', '.data.object.total is string, not number']);
	});

	it("Paddle's library builds the event", async () => {
		const { raw, headers } = await sent('paddle.transaction.completed');
		const event = await new Paddle('none').webhooks.unmarshal(raw, 'a secret', headers['paddle-signature']);
		assert.equal(event.eventType, 'transaction.completed');
		assert.ok(event.data.items[0].price.unitPrice.amount);
	});

	it('ids and times are fresh, and no placeholder leaves', async () => {
		for (const name of ['stripe.invoice.paid', 'github.push', 'linear.issue', 'paddle.transaction.completed', 'clerk.user.created']) {
			const first = await sent(name);
			const second = await sent(name);
			assert.notEqual(first.raw + JSON.stringify(first.headers), second.raw + JSON.stringify(second.headers));
			assert.ok(!first.raw.includes('{{') && !first.raw.includes('@@'), name);
		}
	});

	it('events by name are those that the packages know', () => {
		const events = (provider) => new Set(readFileSync(new URL(`../../client/samples/events/${provider}`, import.meta.url), 'utf8').trim().split('\n'));
		const github = events('github');
		for (const key of Object.keys(schema.definitions).filter((k) => k.includes('$'))) assert.ok(github.has(key.split('$')[0]), key);
		const types = readFileSync(new URL('node_modules/stripe/esm/resources/WebhookEndpoints.d.ts', import.meta.url), 'utf8');
		assert.deepEqual([...events('stripe')].sort(), [...new Set([...types.matchAll(/'([a-z0-9_]+(?:\.[a-z0-9_]+)+)'/g)].map(([, name]) => name))].sort());
	});
});
