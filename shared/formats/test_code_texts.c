#include "shared/formats/test_code_texts.h"

#include "shared/formats/test_code.h"

/* clang-format off */
const struct test_code_text test_code_texts[] = {
	[TEST_PYTEST] = {
		.begin =
		"# Recorded by creel: webhooks that are sent again, byte for byte, to the app at CREEL_TEST_URL.\n"
		"import base64\n"
		"import http.client\n"
		"import os\n"
		"import pathlib\n"
		"import urllib.parse\n"
		"\n"
		"import pytest\n"
		"\n"
		"BASE = urllib.parse.urlsplit(os.environ.get(\"CREEL_TEST_URL\") or \001)\n"
		"\n"
		"\n"
		"def from_file(name):\n"
		"    return (pathlib.Path(__file__).parent / name).read_bytes()\n"
		"\n"
		"\n"
		"DELIVERIES = [\n",
		.one =
		"    pytest.param(\n"
		"        \002,\n"
		"        \003,\n"
		"        [\n"
		"\004        ],\n"
		"        \005,\n"
		"        \006,\n"
		"        id=\001,\n"
		"    ),\n",
		.end =
		"]\n"
		"\n"
		"\n"
		"def send(method, target, headers, body):\n"
		"    kind = http.client.HTTPSConnection if BASE.scheme == \"https\" else http.client.HTTPConnection\n"
		"    connection = kind(BASE.hostname, BASE.port, timeout=30)\n"
		"    connection._encode_request = lambda line: line.encode(\"latin-1\")\n"
		"    try:\n"
		"        path = BASE.path.rstrip(\"/\") + target\n"
		"        named = any(name.lower() == \"host\" for name, _ in headers)\n"
		"        connection.putrequest(method, path, skip_host=named, skip_accept_encoding=True)\n"
		"        for name, value in headers:\n"
		"            connection.putheader(name, value.encode(\"latin-1\"))\n"
		"        connection.endheaders(body)\n"
		"        return connection.getresponse().status\n"
		"    finally:\n"
		"        connection.close()\n"
		"\n"
		"\n"
		"@pytest.mark.parametrize(\"method, target, headers, body, status\", DELIVERIES)\n"
		"def test_delivery(method, target, headers, body, status):\n"
		"    answer = send(method, target, headers, body)\n"
		"    if status is None:\n"
		"        assert 200 <= answer < 300\n"
		"    else:\n"
		"        assert answer == status\n",
		.field_open = "            (",
		.field_close = "),\n",
		.file_open = "from_file(",
		.file_close = ")",
		.base64_open = "base64.b64decode(\n" "            ",
		.base64_between = "\n" "            ",
		.base64_close = "\n" "        )",
		.no_body = "None",
		.no_status = "None",
	},
	[TEST_JEST] = {
		.begin =
		"// Recorded by creel: webhooks that are sent again, byte for byte, to the app at CREEL_TEST_URL.\n"
		"const fs = require('node:fs');\n"
		"const http = require('node:http');\n"
		"const https = require('node:https');\n"
		"const path = require('node:path');\n"
		"\n"
		"const BASE = new URL(process.env.CREEL_TEST_URL || \001);\n"
		"const fromFile = (name) => fs.readFileSync(path.join(__dirname, name));\n"
		"\n"
		"const deliveries = [\n",
		.one =
		"\t{\n"
		"\t\tname: \001,\n"
		"\t\tmethod: \002,\n"
		"\t\ttarget: \003,\n"
		"\t\theaders: [\n"
		"\004\t\t],\n"
		"\t\tbody: \005,\n"
		"\t\tstatus: \006,\n"
		"\t},\n",
		.end =
		"];\n"
		"\n"
		"function send({ method, target, headers, body }) {\n"
		"\treturn new Promise((resolve, reject) => {\n"
		"\t\tconst named = headers.some(([name]) => name.toLowerCase() === 'host');\n"
		"\t\tconst fields = named ? headers : [['Host', BASE.host], ...headers];\n"
		"\t\tconst { request } = BASE.protocol === 'https:' ? https : http;\n"
		"\t\tconst sent = request(BASE, { method, path: BASE.pathname.replace(/\\/$/, '') + target, headers: fields.flat(), setHost: false, agent: false, timeout: 30000 }, (answer) => {\n"
		"\t\t\tanswer.resume();\n"
		"\t\t\tresolve(answer.statusCode);\n"
		"\t\t});\n"
		"\t\tsent.on('error', reject);\n"
		"\t\tsent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')));\n"
		"\t\tsent.end(body);\n"
		"\t});\n"
		"}\n"
		"\n"
		"test.each(deliveries)('$name', async (delivery) => {\n"
		"\tconst status = await send(delivery);\n"
		"\tif (delivery.status === null) expect(Math.floor(status / 100)).toBe(2);\n"
		"\telse expect(status).toBe(delivery.status);\n"
		"}, 40000);\n",
		.field_open = "\t\t\t[",
		.field_close = "],\n",
		.file_open = "fromFile(",
		.file_close = ")",
		.base64_open = "Buffer.from([",
		.base64_between = ", ",
		.base64_close = "].join(''), 'base64')",
		.no_body = "undefined",
		.no_status = "null",
	},
	[TEST_JUNIT] = {
		.begin =
		"// Recorded by creel: webhooks that are sent again, byte for byte, to the app at CREEL_TEST_URL.\n"
		"import static java.nio.charset.StandardCharsets.ISO_8859_1;\n"
		"import static org.junit.jupiter.api.Assertions.assertEquals;\n"
		"\n"
		"import java.io.BufferedReader;\n"
		"import java.io.IOException;\n"
		"import java.io.InputStreamReader;\n"
		"import java.io.OutputStream;\n"
		"import java.net.Socket;\n"
		"import java.net.URI;\n"
		"import java.util.Base64;\n"
		"import javax.net.SocketFactory;\n"
		"import javax.net.ssl.SSLParameters;\n"
		"import javax.net.ssl.SSLSocket;\n"
		"import javax.net.ssl.SSLSocketFactory;\n"
		"import org.junit.jupiter.api.Test;\n"
		"\n"
		"class \002 {\n"
		"    private static final URI BASE = URI.create(System.getenv().getOrDefault(\"CREEL_TEST_URL\", \001));\n"
		"\n"
		"    private static byte[] base64(String... pieces) {\n"
		"        return Base64.getDecoder().decode(String.join(\"\", pieces));\n"
		"    }\n"
		"\n"
		"    private static Socket connect() throws IOException {\n"
		"        boolean tls = \"https\".equals(BASE.getScheme());\n"
		"        int port = BASE.getPort() >= 0 ? BASE.getPort() : tls ? 443 : 80;\n"
		"        SocketFactory factory = tls ? SSLSocketFactory.getDefault() : SocketFactory.getDefault();\n"
		"        Socket socket = factory.createSocket(BASE.getHost(), port);\n"
		"        socket.setSoTimeout(30000);\n"
		"        if (tls) {\n"
		"            SSLParameters parameters = ((SSLSocket) socket).getSSLParameters();\n"
		"            parameters.setEndpointIdentificationAlgorithm(\"HTTPS\");\n"
		"            ((SSLSocket) socket).setSSLParameters(parameters);\n"
		"        }\n"
		"        return socket;\n"
		"    }\n"
		"\n"
		"    private static int readStatus(BufferedReader reader) throws IOException {\n"
		"        for (;;) {\n"
		"            String line = reader.readLine();\n"
		"            if (line == null) {\n"
		"                throw new IOException(\"the app closed the connection without an answer\");\n"
		"            }\n"
		"            int status = Integer.parseInt(line.split(\" \")[1]);\n"
		"            if (status >= 200) {\n"
		"                return status;\n"
		"            }\n"
		"            while (line != null && !line.isEmpty()) {\n"
		"                line = reader.readLine();\n"
		"            }\n"
		"        }\n"
		"    }\n"
		"\n"
		"    private static int send(String method, String target, String[][] headers, byte[] body) throws IOException {\n"
		"        String path = BASE.getRawPath() == null ? \"\" : BASE.getRawPath().replaceAll(\"/$\", \"\");\n"
		"        StringBuilder head = new StringBuilder(method + \" \" + path + target + \" HTTP/1.1\\r\\n\");\n"
		"        boolean named = false;\n"
		"        for (String[] header : headers) {\n"
		"            named |= header[0].equalsIgnoreCase(\"Host\");\n"
		"            head.append(header[0]).append(\": \").append(header[1]).append(\"\\r\\n\");\n"
		"        }\n"
		"        if (!named) {\n"
		"            head.append(\"Host: \").append(BASE.getRawAuthority()).append(\"\\r\\n\");\n"
		"        }\n"
		"        head.append(\"Connection: close\\r\\n\\r\\n\");\n"
		"        try (Socket socket = connect()) {\n"
		"            OutputStream out = socket.getOutputStream();\n"
		"            out.write(head.toString().getBytes(ISO_8859_1));\n"
		"            out.write(body);\n"
		"            out.flush();\n"
		"            return readStatus(new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1)));\n"
		"        }\n"
		"    }\n"
		"\n"
		"    private static void assertStatus(int expected, int status) {\n"
		"        assertEquals(expected < 0 ? 2 : expected, expected < 0 ? status / 100 : status);\n"
		"    }\n",
		.one =
		"\n"
		"    // \001\n"
		"    @Test\n"
		"    void delivery\007() throws IOException {\n"
		"        String[][] headers = {\n"
		"\004        };\n"
		"        byte[] body = \005;\n"
		"        assertStatus(\006, send(\002, \003, headers, body));\n"
		"    }\n",
		.end = "}\n",
		.field_open = "            {",
		.field_close = "},\n",
		.file_open = "",
		.file_close = "",
		.base64_open = "base64(",
		.base64_between = ", ",
		.base64_close = ")",
		.no_body = "new byte[0]",
		.no_status = "-1",
	},
	[TEST_GO] = {
		.begin =
		"// Recorded by creel: webhooks that are sent again, byte for byte, to the app at CREEL_TEST_URL.\n"
		"\n"
		"package \003\n"
		"\n"
		"import (\n"
		"\t\"bytes\"\n"
		"\t\"encoding/base64\"\n"
		"\t\"io\"\n"
		"\t\"net/http\"\n"
		"\t\"net/url\"\n"
		"\t\"os\"\n"
		"\t\"strings\"\n"
		"\t\"testing\"\n"
		"\t\"time\"\n"
		")\n"
		"\n"
		"var deliveries\002 = []struct {\n"
		"\tname, method, target string\n"
		"\theaders              [][2]string\n"
		"\tbody                 func() ([]byte, error)\n"
		"\tstatus               int\n"
		"}{\n",
		.one =
		"\t{\n"
		"\t\tname:   \001,\n"
		"\t\tmethod: \002,\n"
		"\t\ttarget: \003,\n"
		"\t\theaders: [][2]string{\n"
		"\004\t\t},\n"
		"\t\tbody:   \005,\n"
		"\t\tstatus: \006,\n"
		"\t},\n",
		.end =
		"}\n"
		"\n"
		"func base64\002(text string) func() ([]byte, error) {\n"
		"\treturn func() ([]byte, error) { return base64.StdEncoding.DecodeString(text) }\n"
		"}\n"
		"\n"
		"func file\002(name string) func() ([]byte, error) {\n"
		"\treturn func() ([]byte, error) { return os.ReadFile(name) }\n"
		"}\n"
		"\n"
		"func send\002(base *url.URL, method, target string, headers [][2]string, body []byte) (int, error) {\n"
		"\tpath := strings.TrimSuffix(base.EscapedPath(), \"/\") + target\n"
		"\tif strings.HasPrefix(path, \"//\") {\n"
		"\t\tpath = \"//\" + base.Host + path\n"
		"\t}\n"
		"\trequest := &http.Request{\n"
		"\t\tMethod:        method,\n"
		"\t\tURL:           &url.URL{Scheme: base.Scheme, Host: base.Host, Opaque: path},\n"
		"\t\tHeader:        http.Header{\"User-Agent\": nil},\n"
		"\t\tBody:          io.NopCloser(bytes.NewReader(body)),\n"
		"\t\tContentLength: int64(len(body)),\n"
		"\t}\n"
		"\tif len(body) == 0 {\n"
		"\t\trequest.Body = http.NoBody\n"
		"\t}\n"
		"\tfor _, header := range headers {\n"
		"\t\tswitch name := header[0]; strings.ToLower(name) {\n"
		"\t\tcase \"host\":\n"
		"\t\t\trequest.Host = header[1]\n"
		"\t\tcase \"content-length\":\n"
		"\t\tdefault:\n"
		"\t\t\trequest.Header[name] = append(request.Header[name], header[1])\n"
		"\t\t}\n"
		"\t}\n"
		"\tclient := &http.Client{\n"
		"\t\tTimeout:       30 * time.Second,\n"
		"\t\tTransport:     &http.Transport{DisableCompression: true},\n"
		"\t\tCheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },\n"
		"\t}\n"
		"\tanswer, err := client.Do(request)\n"
		"\tif err != nil {\n"
		"\t\treturn 0, err\n"
		"\t}\n"
		"\tanswer.Body.Close()\n"
		"\treturn answer.StatusCode, nil\n"
		"}\n"
		"\n"
		"func Test\002(t *testing.T) {\n"
		"\ttext := os.Getenv(\"CREEL_TEST_URL\")\n"
		"\tif text == \"\" {\n"
		"\t\ttext = \001\n"
		"\t}\n"
		"\tbase, err := url.Parse(text)\n"
		"\tif err != nil {\n"
		"\t\tt.Fatal(err)\n"
		"\t}\n"
		"\tfor _, d := range deliveries\002 {\n"
		"\t\tt.Run(d.name, func(t *testing.T) {\n"
		"\t\t\tbody, err := d.body()\n"
		"\t\t\tif err != nil {\n"
		"\t\t\t\tt.Fatal(err)\n"
		"\t\t\t}\n"
		"\t\t\tstatus, err := send\002(base, d.method, d.target, d.headers, body)\n"
		"\t\t\tif err != nil {\n"
		"\t\t\t\tt.Fatal(err)\n"
		"\t\t\t}\n"
		"\t\t\tif d.status != 0 && status != d.status || d.status == 0 && status/100 != 2 {\n"
		"\t\t\t\tt.Errorf(\"the app answered %d, on record is %d\", status, d.status)\n"
		"\t\t\t}\n"
		"\t\t})\n"
		"\t}\n"
		"}\n",
		.field_open = "\t\t\t{",
		.field_close = "},\n",
		.file_open = "file\002(",
		.file_close = ")",
		.base64_open = "base64\002(",
		.base64_between = " +\n" "\t\t\t",
		.base64_close = ")",
		.no_body = "base64\002(\"\")",
		.no_status = "0",
	},
};
/* clang-format on */
