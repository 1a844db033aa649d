# A Homebrew formula. .packaging/fill.sh writes it with the URL and the sum of a source archive.
class Creel < Formula
  desc "Tunnel and inspector for webhooks"
  homepage "@HOMEPAGE@"
  url "@URL@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "pkgconf" => :build
  depends_on "uthash" => :build
  depends_on "brotli"
  depends_on "cnats"
  depends_on "curl"
  depends_on "inih"
  depends_on "jansson"
  depends_on "jpeg-turbo"
  depends_on "libmicrohttpd"
  depends_on "libuv"
  depends_on "libwebsockets"
  depends_on "libyaml"
  depends_on "ncurses"
  depends_on "openssl@3"
  depends_on "pcre2"
  depends_on "sqlite"
  depends_on "utf8proc"
  depends_on "webp"
  depends_on "wslay"
  depends_on "zlib"
  depends_on "zstd"

  def install
    system "make", "-j#{ENV.make_jobs}", "all"
    system "make", "install", "PREFIX=#{prefix}"
    # A unit is of no use where launchd starts the services.
    rm_r lib/"systemd" if OS.mac?
  end

  service do
    run [opt_bin/"creel-relay", "serve", "--config", etc/"creel/relay.ini", "--data", var/"creel-relay"]
    keep_alive true
    log_path var/"log/creel-relay.log"
    error_log_path var/"log/creel-relay.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/creel version")
    assert_match version.to_s, shell_output("#{bin}/creel-relay version")
    (testpath/"one.ndjson").write '{"method":"POST","target":"/hook","request":{"headers":[["Host","x"]],"body":"hello"}}'
    system bin/"creel", "import", "one.ndjson", "--db", "test.db"
    assert_match "/hook", shell_output("#{bin}/creel list --db test.db")
  end
end
