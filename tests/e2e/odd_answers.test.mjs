// Answers of an app that two readers of HTTP may read differently, one after another on the app's connection and on the
// sender's: each sender gets one answer that is framed right, or creel's 502, and the request behind it gets its own.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fields, requestBytes, Sender } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const OK = 'HTTP/1.1 200 OK\r\n';
const two = (...lines) => `${OK}${lines.map((l) => l + '\r\n').join('')}Content-Length: 2\r\n\r\nok`;
const chunked = (body, ...lines) => `${OK}${lines.map((l) => l + '\r\n').join('')}Transfer-Encoding: chunked\r\n\r\n${body}`;
const CHUNKS = '2\r\nok\r\n0\r\n\r\n';
const SECOND = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged';

/** What the app writes, then closes where it is a list: what its sender gets, status and body.
 * `cut`: as much as came before it broke off, and an end; or 502, where none of it had gone out. */
const answers = {
	// How long the body is.
	'a length': ['200 ok', two()],
	'a length in HTTP/1.0': ['200 ok', ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok']],
	'a length with zeros before it': ['200 ok', `${OK}Content-Length: 0002\r\n\r\nok`],
	'a length with a blank before the colon': ['200 ok', `${OK}Content-Length : 2\r\n\r\nok`],
	'a length twice': ['200 ok', two('Content-Length: 2')],
	'a length in a list': ['200 ok', `${OK}Content-Length: 2, 2\r\n\r\nok`],
	'lengths that differ': ['502', [two('Content-Length: 3')]],
	'a length with a sign': ['502', [`${OK}Content-Length: +2\r\n\r\nok`]],
	'a negative length': ['502', [`${OK}Content-Length: -2\r\n\r\nok`]],
	'an empty length': ['502', [`${OK}Content-Length:\r\n\r\nok`]],
	'a length beyond 2^64': ['502', [`${OK}Content-Length: 99999999999999999999\r\n\r\nok`]],
	'a length that is folded': ['502', [`${OK}Content-Length: 2\r\n 0\r\n\r\nok`]],
	'a length that is too short, and a second answer': ['200 ok', two() + SECOND],
	'neither a length nor a body, and an end': ['200 ', [`${OK}\r\n`]],
	'no length, and an end': ['200 ok', [`${OK}\r\nok`]],
	'chunks': ['200 ok', chunked(CHUNKS)],
	'chunks with extensions': ['200 ok', chunked('2;a="b;c"\r\nok\r\n0;d\r\n\r\n')],
	'chunk sizes with blanks after them': ['200 ok', chunked('2 \r\nok\r\n0 \t \r\n\r\n')],
	'chunk sizes with blanks before extensions': ['200 ok', chunked('2 ;a=b\r\nok\r\n0\t;c\r\n\r\n')],
	'chunks and a second answer': ['200 ok', chunked(CHUNKS) + SECOND],
	'chunks after a length': ['200 ok', chunked(CHUNKS, 'Content-Length: 9')],
	'chunks after a length that is shorter': ['200 ok', chunked(CHUNKS, 'Content-Length: 1')],
	'chunks before a length': ['200 ok', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 40\r\n\r\n${CHUNKS}`],
	'chunks before a length that is no number': ['200 ok', `${OK}Transfer-Encoding: chunked\r\nContent-Length: two\r\n\r\n${CHUNKS}`],
	'chunks with a trailer for a length': ['200 ok', chunked('2\r\nok\r\n0\r\nContent-Length: 40\r\n\r\n')],
	'chunks whose lines end in LF': ['502', [chunked('2\nok\n0\n\n')]],
	'a chunk size that is no number': ['502', [chunked('zz\r\nok\r\n0\r\n\r\n')]],
	'a chunk size in C\'s hex': ['502', [chunked('0x2\r\nok\r\n0\r\n\r\n')]],
	'a chunk size beyond 2^64': ['502', [chunked('FFFFFFFFFFFFFFFFF\r\nok\r\n0\r\n\r\n')]],
	'a chunk that is cut': ['cut', [chunked('5\r\nok')]],
	'chunks without a last one': ['cut', [chunked('2\r\nok\r\n')]],
	'chunked twice': ['502', [chunked(CHUNKS, 'Transfer-Encoding: chunked')]],
	'gzip, then chunked': ['502', [`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n${CHUNKS}`]],
	'a coding that is not chunked': ['502', [`${OK}Transfer-Encoding: identity\r\n\r\nok`]],
	'a length that is longer than the body': ['cut', [`${OK}Content-Length: 5\r\n\r\nok`]],
	// Statuses without a body.
	'204 with a length': ['204 ', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
	'204 with a length and a body': ['204 ', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok'],
	'304 with a length': ['304 ', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
	'304 with chunks and a second answer': ['304 ', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n' + SECOND],
	'interim answers before it': ['200 ok', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n' + two()],
	'101 where nobody asked': ['502', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
	// Lines.
	'a folded field': ['200 ok', two('X-A: a', ' b')],
	'a blank before a colon': ['200 ok', two('X-A : a')],
	'8-bit bytes in a value': ['200 ok', two('X-A: \xe9')],
	'lines that end in LF': ['502', ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok']],
	'a line that ends in LF': ['502', [`${OK}X-A: a\nContent-Length: 2\r\n\r\nok`]],
	'a bare CR': ['502', [two('X-A: a\rContent-Length: 40')]],
	'a NUL': ['502', [two('X-A: a\0')]],
	'a control byte': ['502', [two('X-A: \x01')]],
	'a line without a colon': ['502', [two('X-A')]],
	'a name of no characters': ['502', [two(': a')]],
	'a fold before the first field': ['502', [two(' X-A: a')]],
	'no reason': ['200 ok', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
	'a status of two digits': ['502', ['HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok']],
	'a status of four digits': ['502', ['HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok']],
	'another protocol\'s status line': ['502', ['ICY 200 OK\r\n\r\nok']],
	'HTTP/2\'s status line': ['502', ['HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok']],
	'no HTTP': ['502', ['hello there\r\n\r\n']],
	'nothing': ['502', ['']],
	'half a head': ['502', [`${OK}X-A: `]],
};

describe('odd answers', () => {
	let road;
	const scripts = new Map();
	before(async () => (road = await openRoad({
		name: 'odd',
		answer: (request, socket) => {
			const script = scripts.get(request.target);
			if (script === undefined) {
				const body = `own answer to ${request.target}`;
				socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
			} else if (Array.isArray(script)) {
				socket.end(Buffer.from(script[0], 'latin1'));
			} else {
				socket.write(Buffer.from(script, 'latin1'));
			}
		},
	})));
	after(() => road?.w.close());

	const request = (target) => requestBytes('POST', `/odd${target}`, ['Host: localhost', 'Content-Length: 0']);

	for (const [i, [name, [want, script]]] of Object.entries(answers).entries()) {
		it(name, async () => {
			scripts.set(`/odd-${i}`, script);
			const sender = await Sender.connect(road.relay.port);
			await sender.write(Buffer.concat([request(`/odd-${i}`), request(`/behind-${i}`)]));
			const answer = await sender.answer();
			if (want === 'cut' && answer && !answer.complete) {
				assert.equal(answer.status, 200);
				return sender.over();
			}
			assert.ok(answer?.complete, `no whole answer, but ${Buffer.concat(sender.raw).toString('latin1')}`);
			const [status, body] = want === 'cut' ? ['502'] : want.split(' ');
			assert.equal(answer.status, Number(status), answer.text);
			if (status === '502') assert.equal(answer.first, 'HTTP/1.1 502 Bad Gateway');
			else assert.equal(answer.text, body);
			assert.ok(fields(answer.lines, 'content-length').length + fields(answer.lines, 'transfer-encoding').length <= 1, answer.lines.join('\n'));
			if (status === '204') assert.deepEqual(fields(answer.lines, 'content-length'), []);
			const behind = await sender.answer();
			assert.equal(behind?.text, `own answer to /behind-${i}`);
			await sender.end();
		});
	}

	it('every program ended cleanly', () => road.w.endsCleanly());
});
