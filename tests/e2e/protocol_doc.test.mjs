// shared/PROTOCOL.md describes the bytes well enough for a second decoder (lib/wire.mjs), and its examples are true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { root } from './lib/harness.mjs';
import { TYPES, decodeMessage, hello, welcome } from './lib/wire.mjs';

const doc = readFileSync(path.join(root, 'shared/PROTOCOL.md'), 'utf8');
const examples = [...doc.matchAll(/^```hex ([^\n]+)\n([^`]*)```\n```json\n([^`]*)```$/gm)]
	.map(([, name, hex, json]) => ({ name, bytes: Buffer.from(hex.replace(/\s/g, ''), 'hex'), expected: JSON.parse(json) }));

describe('the protocol document', () => {
	for (const { name, bytes, expected } of examples) {
		it(`its example ${name} decodes to the fields beside it`, () => {
			const frames = decodeMessage(bytes);
			assert.equal(frames.length, 1);
			assert.deepEqual(frames[0], expected);
		});
	}

	it('has an example of every frame type', () => {
		assert.deepEqual([...new Set(examples.map((e) => e.expected.type))].sort(), Object.keys(TYPES).sort());
	});

	it('several examples in one message decode one after another', () => {
		const frames = decodeMessage(Buffer.concat(examples.map((e) => e.bytes)));
		assert.deepEqual(frames, examples.map((e) => e.expected));
	});

	it('every example cut short anywhere is malformed', () => {
		for (const { name, bytes } of examples)
			for (let n = 1; n < bytes.length; n++) assert.throws(() => decodeMessage(bytes.subarray(0, n)), /malformed/, `${name} cut to ${n}`);
	});

	it('the encoder these tests use says what the document says', () => {
		const find = (name) => examples.find((e) => e.name === name);
		assert.deepEqual(hello({ features: 3, client_version: find('HELLO').expected.client_version, tunnel: 'k3f9' }), find('HELLO').bytes);
		assert.deepEqual(decodeMessage(welcome())[0].tunnel, 'fake');
	});
});
