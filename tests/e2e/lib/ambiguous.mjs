// Requests to the tunnel t that two readers of HTTP may read differently, and harmless ones that look like them:
// { name, bytes, want }. `want` are the statuses that a strict reader may give, one word an answer: '200' is one request at the
// app, '200 400' one at the app and a refusal after it. The table of tests/fixtures/http-requests.json, malformed.mjs, and these.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './harness.mjs';
import { malformed } from './malformed.mjs';

const NEXT = 'GET /t/next HTTP/1.1\r\nHost: localhost\r\n\r\n';
const request = (first, lines, body = '') => `${first}\r\n${lines.map((l) => l + '\r\n').join('')}\r\n${body}`;
const withFields = (lines, body = '') => request('POST /t/x HTTP/1.1', ['Host: localhost', ...lines], body);
const hello = (...lines) => withFields(lines, 'hello');
const chunks = (body, ...lines) => withFields([...lines, 'Transfer-Encoding: chunked'], body);
const coded = (line, ...more) => withFields([line, ...more], '5\r\nhello\r\n0\r\n\r\n');
const line = (first) => request(first, ['Host: localhost', 'Content-Length: 0']);
const host = (...lines) => request('GET /t/x HTTP/1.1', lines);
const many = (n) => Array.from({ length: n }, (_, i) => `X-${i}: ${i}`);

const own = {
	// The length.
	'a length of a letter': ['400', hello('Content-Length: a')],
	'a length with an exponent': ['400', hello('Content-Length: 5e0')],
	'a length with a point': ['400', hello('Content-Length: 5.0')],
	'a length with a semicolon': ['400', hello('Content-Length: 5;')],
	'a length in quotes': ['400', hello('Content-Length: "5"')],
	'a length of two numbers': ['400', hello('Content-Length: 5 5')],
	'a length with a tab before it': ['200', hello('Content-Length:\t5')],
	'a length with blanks after it': ['200', hello('Content-Length: 5 \t ')],
	'a length with a no-break space after it': ['400', hello('Content-Length: 5\xa0')],
	'a length of 300 zeros and a 5': ['200|400', hello(`Content-Length: ${'0'.repeat(300)}5`)],
	'a length of minus nothing': ['400', hello('Content-Length: -0')],
	'a length of 2^63': ['400|413', hello('Content-Length: 9223372036854775808')],
	'a length of 2^64 - 1': ['400|413', hello('Content-Length: 18446744073709551615')],
	'a length of 2^64': ['400|413', hello('Content-Length: 18446744073709551616')],
	'a length after a comma': ['400', hello('Content-Length: ,5')],
	'a length before a comma': ['400', hello('Content-Length: 5,')],
	'three lengths that agree': ['400', hello('Content-Length: 5', 'Content-Length: 5', 'Content-Length: 5')],
	'lengths that differ in case and value': ['400', hello('content-length: 5', 'X-A: 1', 'CONTENT-LENGTH: 6')],
	'an empty length before a good one': ['400', hello('Content-Length:', 'Content-Length: 5')],
	'a length with an underscore beside one': ['200', hello('Content_Length: 50', 'Content-Length: 5')],
	'a length under another name': ['200', hello('X-Content-Length: 50', 'Content-Length: 5')],
	'a length of 0 and another request': ['200 200', withFields(['Content-Length: 0'], NEXT)],
	'GET with a body that reads like a request': ['200', request('GET /t/x HTTP/1.1', ['Host: localhost', `Content-Length: ${NEXT.length}`], NEXT)],
	'HEAD with a body that reads like a request': ['200', request('HEAD /t/x HTTP/1.1', ['Host: localhost', `Content-Length: ${NEXT.length}`], NEXT)],
	'an empty line after a body, then a request': ['200 200', hello('Content-Length: 5') + '\r\n' + NEXT],
	'a body without a length': ['200 400', hello('X-A: 1') + '\r\n\r\n'],
	'no body and another request': ['200 200', withFields(['X-A: 1'], NEXT)],
	// The coding.
	'codings of which one is empty': ['400|501', coded('Transfer-Encoding:', 'Transfer-Encoding: chunked')],
	'chunked twice in one field': ['400|501', coded('Transfer-Encoding: chunked, chunked')],
	'chunked in quotes': ['400|501', coded('Transfer-Encoding: "chunked"')],
	'gzip alone': ['400|501', coded('Transfer-Encoding: gzip')],
	'chunked with a vertical tab': ['400', coded('Transfer-Encoding: chunked\x0b')],
	'chunked after a form feed': ['400', coded('Transfer-Encoding:\x0cchunked')],
	'chunked with a NUL': ['400', coded('Transfer-Encoding: chunked\0')],
	'chunked after a tab': ['200', coded('Transfer-Encoding:\tchunked')],
	'chunked, then identity': ['400|501', coded('Transfer-Encoding: chunked, identity')],
	'chunked after a comma': ['200|400', coded('Transfer-Encoding: , chunked')],
	'a coding with an underscore beside a length': ['200', hello('Transfer_Encoding: chunked', 'Content-Length: 5')],
	'a coding with a tab before the colon': ['400', coded('Transfer-Encoding\t: chunked')],
	'a coding with a NUL before the colon': ['400', coded('Transfer-Encoding\0: chunked')],
	'a coding with a blank before it': ['400', coded(' Transfer-Encoding: chunked', 'Content-Length: 5')],
	'a coding in capitals': ['200', coded('TRANSFER-ENCODING: CHUNKED')],
	'chunked with a no-break space': ['400|501', coded('Transfer-Encoding: chunked\xa0')],
	'chunked with a Kelvin sign': ['400|501', coded('Transfer-Encoding: chun\xe2\x84\xaaed')],
	'chunked as a content coding': ['200', hello('Content-Encoding: chunked', 'Content-Length: 5')],
	'a coding in HTTP/1.0 beside a length': ['400', request('POST /t/x HTTP/1.0', ['Host: localhost', 'Transfer-Encoding: chunked', 'Content-Length: 5'], '5\r\nhello\r\n0\r\n\r\n')],
	'a length beside a coding that is named by Connection': ['400', coded('Connection: Transfer-Encoding', 'Transfer-Encoding: chunked', 'Content-Length: 4')],
	// Chunks.
	'a chunk size in capitals': ['200', chunks('A\r\n0123456789\r\n0\r\n\r\n')],
	'a chunk size of many zeros': ['200|400', chunks(`${'0'.repeat(40)}5\r\nhello\r\n0\r\n\r\n`)],
	'a chunk size of 2^63': ['400|413', chunks('8000000000000000\r\nhello\r\n0\r\n\r\n')],
	'a chunk size of 2^64 - 1': ['400|413', chunks('FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n')],
	'chunk sizes that are 2^64 and 5 in sum': ['400|413', chunks('5\r\nhello\r\nFFFFFFFFFFFFFFFB\r\nhello\r\n0\r\n\r\n')],
	'a blank before a chunk extension': ['200', chunks('5 ;a=b\r\nhello\r\n0\r\n\r\n')],
	'blanks after a chunk size': ['200', chunks('5 \t \r\nhello\r\n0 \r\n\r\n')],
	'a second size after a blank': ['400', chunks('5 0\r\nhello\r\n0\r\n\r\n')],
	'a blank after a chunk size, and LF alone': ['400', chunks('5 \nhello\r\n0\r\n\r\n')],
	'2 KB of blanks after a chunk size': ['400', chunks(`5${' '.repeat(2048)}\r\nhello\r\n0\r\n\r\n`)],
	'a chunk extension in quotes': ['200', chunks('5;a="b;c"\r\nhello\r\n0\r\n\r\n')],
	'a quote in the quotes of a chunk extension': ['200', chunks('5;a="b\\";c"\r\nhello\r\n0\r\n\r\n')],
	'a line end inside the quotes of a chunk extension': ['400', chunks('5;a="\r\nhello\r\n0\r\n\r\n"\r\nworld\r\n0\r\n\r\n')],
	'a chunk extension with a NUL': ['400', chunks('5;a=\0\r\nhello\r\n0\r\n\r\n')],
	'a chunk extension of nothing': ['200|400', chunks('5;\r\nhello\r\n0\r\n\r\n')],
	'a blank before a chunk size': ['400', chunks(' 5\r\nhello\r\n0\r\n\r\n')],
	'a chunk size with an underscore': ['400', chunks('0_5\r\nhello\r\n0\r\n\r\n')],
	'a chunk size with CR alone': ['400', chunks('5\rhello\r\n0\r\n\r\n')],
	'chunk data with LF alone after it': ['400', chunks('5\r\nhello\n0\r\n\r\n')],
	'chunk data with CR CR LF after it': ['400', chunks('5\r\nhello\r\r\n0\r\n\r\n')],
	'an extension of the last chunk': ['200', chunks('5\r\nhello\r\n0;a=b\r\n\r\n')],
	'a last chunk of minus nothing': ['400', chunks('5\r\nhello\r\n-0\r\n\r\n')],
	'data in the last chunk': ['400', chunks('0\r\nhello\r\n\r\n')],
	'a request in the place of the last empty line': ['400', chunks(`5\r\nhello\r\n0\r\n${NEXT}`)],
	'chunk data that is shorter than its size': ['400', chunks(`9\r\nhello\r\n0\r\n\r\n${NEXT}`)],
	'a request after a chunked one': ['200 200', chunks(`5\r\nhello\r\n0\r\n\r\n${NEXT}`)],
	'a request in a chunk': ['200', chunks(`${NEXT.length.toString(16)}\r\n${NEXT}\r\n0\r\n\r\n`)],
	// Trailers.
	'a length as a trailer': ['400', chunks('5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n')],
	'a coding as a trailer': ['400', chunks('5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n')],
	'Host as a trailer': ['200|400', chunks('5\r\nhello\r\n0\r\nHost: other\r\n\r\n')],
	'Authorization as a trailer': ['200|400', chunks('5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\n\r\n')],
	'a blank before the first trailer': ['400', chunks('5\r\nhello\r\n0\r\n X-A: 1\r\n\r\n')],
	'a bare CR in a trailer': ['400', chunks('5\r\nhello\r\n0\r\nX-A: 1\rX-B: 2\r\n\r\n')],
	'8-bit bytes in a trailer': ['200', chunks('5\r\nhello\r\n0\r\nX-A: \xe9\r\n\r\n')],
	'a trailer of 70 KB': ['400|413|431', chunks(`5\r\nhello\r\n0\r\nX-A: ${'a'.repeat(70000)}\r\n\r\n`)],
	'trailers, then a request': ['200 200', chunks(`5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n${NEXT}`)],
	// Lines.
	'LF CR for CR LF': ['400', 'GET /t/x HTTP/1.1\n\rHost: localhost\n\r\n\r'],
	'two empty lines before': ['200|400', '\r\n\r\n' + NEXT],
	'an LF before': ['200|400', '\n' + NEXT],
	'a CR before': ['400', '\r' + NEXT],
	'a NUL before': ['400', '\0' + NEXT],
	'CR CR LF after the request line': ['400', 'GET /t/x HTTP/1.1\r\r\nHost: localhost\r\n\r\n'],
	'LF after the request line': ['400', 'GET /t/x HTTP/1.1\nHost: localhost\r\n\r\n'],
	'an empty line after the request line': ['400', 'GET /t/x HTTP/1.1\r\n\r\nHost: localhost\r\n\r\n'],
	'a vertical tab for the blank': ['400', line('POST\x0b/t/x HTTP/1.1')],
	'a tab before the version': ['400', line('POST /t/x\tHTTP/1.1')],
	'no target': ['400', line('POST HTTP/1.1')],
	'two versions': ['400', line('POST /t/x HTTP/1.1 HTTP/1.1')],
	'a version in small letters': ['400', line('POST /t/x http/1.1')],
	'version 1.10': ['400|505', line('POST /t/x HTTP/1.10')],
	'version 1.': ['400', line('POST /t/x HTTP/1.')],
	'version 1,1': ['400', line('POST /t/x HTTP/1,1')],
	'version 1.2': ['200|400|505', line('POST /t/x HTTP/1.2')],
	'version 3.0': ['400|505', line('POST /t/x HTTP/3.0')],
	'another protocol\'s version': ['400', line('POST /t/x HTTPS/1.1')],
	'a method of 8-bit bytes': ['400', line('P\xd6ST /t/x HTTP/1.1')],
	'a method with a colon': ['400', line('PO:ST /t/x HTTP/1.1')],
	'a target of 70 KB': ['400|414|431', line(`POST /t/${'x'.repeat(70000)} HTTP/1.1`)],
	'a target of backslashes': ['400|404', line('POST \\t\\x HTTP/1.1')],
	'two slashes before the tunnel': ['404', line('POST //t/x HTTP/1.1')],
	'an absolute target': ['200|400', line('POST http://localhost/t/x HTTP/1.1')],
	'an absolute target that differs from Host': ['200|400|421', line('POST http://other.test/t/x HTTP/1.1')],
	'an absolute target without a path': ['404|400', line('POST http://localhost HTTP/1.1')],
	'an absolute target with a user': ['200|400', line('POST http://u:p@localhost/t/x HTTP/1.1')],
	'an absolute target of another scheme': ['400', line('POST ftp://localhost/t/x HTTP/1.1')],
	'an absolute target without Host': ['400', request('POST http://localhost/t/x HTTP/1.1', ['Content-Length: 0'])],
	'an absolute target and two Hosts': ['400', request('GET http://localhost/t/x HTTP/1.1', ['Host: a', 'Host: localhost'])],
	// Host.
	'an empty Host': ['200|400|421', host('Host:')],
	'Host with a path': ['400', host('Host: localhost/t')],
	'Host of a list': ['400', host('Host: localhost, other')],
	'Host of an IPv6 address': ['200', host('Host: [::1]:80')],
	'Host of half an IPv6 address': ['400', host('Host: [::1')],
	'Host with a tab inside': ['400', host('Host: local\thost')],
	'Host with a port that is no number': ['400', host('Host: localhost:http')],
	'Host with blanks around it': ['200', host('Host: \t localhost \t ')],
	'two Hosts that agree': ['400', host('Host: localhost', 'HOST: localhost')],
	'HTTP/1.0 without Host': ['200', request('GET /t/x HTTP/1.0', [])],
	// Connections.
	'Expect with the body here': ['200', hello('Expect: 100-continue', 'Content-Length: 5')],
	'Expect without a body': ['200', withFields(['Expect: 100-continue'])],
	'Upgrade to HTTP/2 with a body': ['200', hello('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA', 'Content-Length: 5')],
	'Upgrade to HTTP/2, then a request': ['200 200', host('Host: localhost', 'Connection: Upgrade', 'Upgrade: h2c') + NEXT],
	'Connection: close, then a request': ['200', host('Host: localhost', 'Connection: close') + NEXT],
	'Connection: keep-alive, close, then a request': ['200', host('Host: localhost', 'Connection: keep-alive, close') + NEXT],
	'Connection: Content-Length': ['200|400', hello('Connection: Content-Length', 'Content-Length: 5')],
	'keep-alive in HTTP/1.0, then a request': ['200 200|200', request('GET /t/x HTTP/1.0', ['Host: localhost', 'Connection: keep-alive']) + NEXT],
	'ten requests at once': ['200 200 200 200 200 200 200 200 200 200', NEXT.repeat(10)],
	'190 fields': ['200', withFields(many(190))],
	'300 fields': ['400|431', withFields(many(300))],
	'a value of 60 KB': ['200', withFields([`X-A: ${'a'.repeat(60000)}`])],
	'a name of 8 KB': ['200', withFields([`${'N'.repeat(8192)}: 1`])],
	'values of blanks alone': ['200', withFields(['X-A:', 'X-B: ', 'X-C: \t '])],
	'a refused request between two good ones': ['200 400', NEXT + withFields(['X A: 1']) + NEXT],
};

// What of the table may be answered otherwise than with one 400.
const table = {
	'plain CL': '200', 'CL CL same': '200|400', 'CL list same': '200|400', 'CL leading zeros': '200', 'CL 2^64+5': '400|413', 'CL 40 digits': '400|413',
	'TE Chunked case': '200', 'TE xchunked': '400|501', 'TE identity': '400|501', 'TE identity, chunked': '400|501', 'TE trailing comma': '200|400',
	'TE trailing blank': '200', 'obs-fold tab X': '200|400', 'bare LF in one header': '200|400', 'blank line LF only': '200|400', '8-bit value': '200',
	'absolute-form': '200|400', 'authority-form': '400|404|405|501', 'asterisk OPTIONS': '200|204|400', 'pipelined 2': '200 200', 'GET chunked': '200',
	'chunk ext': '200', 'chunk trailing blank': '200', 'chunk leading zeros': '200', 'chunk overflow 2^64+5': '400|413', 'chunk 2^32+5': '400|413', 'chunk ext long 16K': '200|400',
	'trailer CL': '400', 'trailer ok': '200', 'trailer bare LF': '200|400', '1.0 with TE': '400|200', '1.0 pipelined': '200', 'HTTP/2.0': '400|505',
	'HTTP/01.1': '400|505', 'h2 preface': '400|505', 'Upgrade websocket bogus': '200 200', 'double SP line': '200|400', 'leading CRLF': '200', 'fragment in target': '200|400',
	'dotdot target': '200', 'pct2 target': '200', 'at target': '404', 'method lower': '200', 'Expect other': '200|417', 'Expect dup odd case': '200|417',
	'Connection: close, TE list': '200', '64K+ header': '431', 'creel header spoof': '200',
};

export function ambiguous() {
	const fixture = JSON.parse(readFileSync(path.join(root, 'tests/fixtures/http-requests.json'), 'utf8')).requests;
	for (const name of Object.keys(table)) if (!fixture.some((r) => r.name === name)) throw new Error(`http-requests.json has no ${name}`);
	return [
		...fixture.map(({ name, bytes }) => [name, table[name] ?? '400', Buffer.from(bytes, 'base64')]),
		...Object.entries(malformed('t').bad).map(([name, text]) => [name, '400', Buffer.from(text, 'latin1')]),
		...Object.entries(own).map(([name, [want, text]]) => [name, want, Buffer.from(text, 'latin1')]),
	].map(([name, want, bytes]) => ({ name, want: want.split('|'), bytes }));
}
