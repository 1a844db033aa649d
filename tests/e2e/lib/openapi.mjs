// Answers of `creel web`, held against its OpenAPI document.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './harness.mjs';
import { call } from './web.mjs';

// The validator's own, of the draft that OpenAPI 3.1 is written in.
const require = createRequire(createRequire(import.meta.url).resolve('@seriousme/openapi-schema-validator'));
const { default: Ajv } = await import(require.resolve('ajv/dist/2020.js'));
export const document = JSON.parse(readFileSync(path.join(root, 'client/web/openapi.json'), 'utf8'));
const ajv = new Ajv.default({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'openapi', components: document.components });
const compiled = new Map();

function validatorOf(schema) {
	const text = JSON.stringify(schema);
	if (!compiled.has(text)) compiled.set(text, ajv.compile(JSON.parse(text.replaceAll('"#/', '"openapi#/'))));
	return compiled.get(text);
}

/**
 * Asks, and holds the answer against the document; `template` is the path there. Gives the JSON; null for 204; the answer
 * itself where it is another type. `seen` is called with the status.
 */
export async function ask(web, template, target, options = {}, seen = () => {}) {
	const operation = document.paths[template][(options.method ?? 'GET').toLowerCase()];
	const a = await call(web, target, options);
	seen(a.status);
	const described = operation.responses[a.status] ?? operation.responses.default;
	assert.ok(operation.responses[a.status] || a.status >= 400, `${target}: ${a.status} is in no line of it: ${a.text.slice(0, 200)}`);
	const type = a.headers['content-type'];
	if (a.status === 204) return null;
	assert.ok(described.content[type], `${target}: ${type}`);
	if (!type.includes('json')) return a;
	const validate = validatorOf(described.content[type].schema);
	const value = JSON.parse(a.text);
	assert.ok(validate(value), `${target}: ${JSON.stringify(validate.errors?.slice(0, 3))} in ${a.text.slice(0, 600)}`);
	return value;
}
