#!/bin/bash
# `reprise data` against a real HTTP server on loopback and real files.
#   data_command_test.sh PROGRAM
source "$(dirname "$0")/../program_runs.sh"
export BUILD_WORKING_DIRECTORY=
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
# What is published, for the program that the test runs.
leading=("")

# leaves_nothing FOLDER: no file in it, not even a hidden one.
leaves_nothing() {
  [ -z "$(find "$1" -type f 2>/dev/null)" ] \
    || fail "left behind: $(find "$1" -type f)"
}

# A small MNIST and CIFAR-10 as their servers hold them, and what such servers do
# wrong.
mkdir server
python3 - << 'PYTHON' || exit 1
import gzip, io, os, struct, tarfile
os.chdir("server")
def idx(name, n, sizes, data):
    head = struct.pack(">I", 0x800 + 1 + len(sizes)) + b"".join(struct.pack(">I", s) for s in [n] + sizes)
    open(name[:-3], "wb").write(head + data)
    with gzip.open(name, "wb") as f:
        f.write(head + data)
for split, n in (("train", 20), ("t10k", 10)):
    idx(split + "-images-idx3-ubyte.gz", n, [28, 28], bytes(i % 251 for i in range(784 * n)))
    idx(split + "-labels-idx1-ubyte.gz", n, [], bytes(i % 10 for i in range(n)))
def archive(name, members):
    with tarfile.open(name, "w:gz", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            info = tarfile.TarInfo(member)
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
folder = "cifar-10-batches-bin/"
batch = b"".join(bytes([i]) + bytes((i * 7 + p) % 256 for p in range(3072)) for i in range(4))
names = ["data_batch_%d.bin" % i for i in range(1, 6)] + ["test_batch.bin"]
right = [(folder, None), (folder + "batches.meta.txt", b"airplane\n")] + [(folder + n, batch) for n in names]
archive("cifar-10-binary.tar.gz", right)
os.mkdir("evil")
archive("evil/cifar-10-binary.tar.gz", right + [("../escaped", b"x")])
os.mkdir("other")
archive("other/cifar-10-binary.tar.gz", right[:1] + right[2:])
PYTHON
cat > server.py << 'PYTHON'
import http.server, os
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/truncated/"):
            body = open("." + self.path[len("/truncated"):], "rb").read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
        elif self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path[len("/moved"):])
            self.end_headers()
        elif self.path.startswith("/to-file/"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
        elif self.path.startswith("/endless/"):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                pass
        else:
            super().do_GET()
    def log_message(self, *args):
        pass
os.chdir("server")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
exec 3< <(exec python3 server.py)
server_pid=$!
trap 'kill "$server_pid"' EXIT
read -r port <&3
url=http://127.0.0.1:$port
md5() { md5sum < "server/$1" | cut -d' ' -f1; }
right_digests="train-images-idx3-ubyte.gz=$(md5 train-images-idx3-ubyte)
train-labels-idx1-ubyte.gz=$(md5 train-labels-idx1-ubyte)
t10k-images-idx3-ubyte.gz=$(md5 t10k-images-idx3-ubyte)
t10k-labels-idx1-ubyte.gz=$(md5 t10k-labels-idx1-ubyte)
cifar-10-binary.tar.gz=$(md5 cifar-10-binary.tar.gz)"
right_digests=${right_digests//$'\n'/ }

title "fetch downloads, checks and places; a second one changes nothing"
leading=("$right_digests")
run 0 fetch mnist --dataset-dir=got --mirror="$url"
says "downloading $url/t10k-labels-idx1-ubyte.gz" \
  "mnist: got/MNIST/raw: as published: all four md5 digests match, 20 + 10 samples"
cmp server/train-images-idx3-ubyte.gz got/MNIST/raw/train-images-idx3-ubyte.gz \
  || fail "another file"
run 0 fetch cifar10 --dataset-dir got --mirror "$url/"
says "cifar10: got/CIFAR10/cifar-10-batches-bin: as published: all six files are as they came out of the archive"
[ "$(cd got && find . -type f | wc -l)" = 11 ] || fail "$(find got -type f)"
(cd got/CIFAR10/cifar-10-batches-bin && md5sum --quiet -c md5sums.txt) || fail "md5sums"
run 0 fetch mnist --dataset-dir=got --mirror=http://127.0.0.1:1
says "mnist: there already"
run 0 fetch cifar10 --dataset-dir=moved --mirror="$url/moved"
says "as published"

title "https is checked by the server's certificate"
if command -v openssl > /dev/null; then
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2> /dev/null
  cat > secure.py << 'PYTHON'
import functools, http.server, ssl
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="server")
handler.log_message = lambda *args: None
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
  exec 4< <(exec python3 secure.py 2> /dev/null)
  secure_pid=$!
  trap 'kill "$server_pid" "$secure_pid"' EXIT
  read -r secure_port <&4
  SSL_CERT_FILE=cert.pem run 0 fetch mnist --dataset-dir=secure \
    --mirror="https://localhost:$secure_port"
  says "as published"
  run 3 fetch mnist --dataset-dir=insecure --mirror="https://localhost:$secure_port"
  says "expected to download it, found: " "NOT_TRUSTED"
  SSL_CERT_FILE=cert.pem run 3 fetch mnist --dataset-dir=insecure \
    --mirror="https://127.0.0.1:$secure_port"
  says "expected to download it, found: "
  leaves_nothing insecure
else
  echo "skipped: no openssl to make a certificate"
fi

title "verify says what is there"
run 0 verify --dataset-dir=got
says "mnist: got/MNIST/raw: as published" "cifar10: got/CIFAR10"
run 0 verify mnist --dataset-dir=got/MNIST
says "mnist: got/MNIST/raw: as published"
run 0 verify mnist --dataset-dir=server
says "mnist: server: as published"
mkdir none
run 3 verify mnist --dataset-dir=none
says "mnist: none in none; remedy: run 'reprise data fetch mnist'"
run 0 verify
says "mnist: none in " "cifar10: none in "
leading=("")
run 3 verify mnist --dataset-dir=got
says "expected 5923, 6742" "training samples of the classes, as published, found 2, 2"
leading=("$right_digests")
printf 'x' | dd of=got/CIFAR10/cifar-10-batches-bin/test_batch.bin bs=1 seek=5 \
  conv=notrunc status=none
run 3 verify --dataset-dir=got
says "mnist: got/MNIST/raw: as published" \
  "test_batch.bin: expected the md5 that it had when it was fetched"
run 3 fetch cifar10 --dataset-dir=got --mirror="$url"
says "expected no cifar10 yet, found 20 + 4 samples; remedy: remove it first"

title "another digest than the published one is refused, and nothing is kept"
leading=("")
for name in mnist cifar10; do
  run 3 fetch $name --dataset-dir=bad --mirror="$url"
  says "expected the published md5 " "nothing was kept"
  leaves_nothing bad
done
leading=("$right_digests")
run 3 fetch cifar10 --dataset-dir=bad --mirror="$url/other"
says "expected the published md5 "
leaves_nothing bad

title "an archive that would write elsewhere is refused even with the right digest"
leading=("cifar-10-binary.tar.gz=$(md5 evil/cifar-10-binary.tar.gz)")
run 3 fetch cifar10 --dataset-dir=bad --mirror="$url/evil"
says "expected only files in cifar-10-batches-bin/, found ../escaped"
leaves_nothing bad
[ -z "$(find . -name escaped)" ] || fail "escaped"
leading=("$right_digests")

title "a server's failures are told"
run 3 fetch mnist --dataset-dir=bad --mirror="$url/nowhere"
says "$url/nowhere/train-images-idx3-ubyte.gz: expected to download it" "404" "--mirror"
run 3 fetch cifar10 --dataset-dir=bad --mirror="$url/truncated"
says "expected to download it, found: transfer closed with" "bytes remaining to read"
run 3 fetch cifar10 --dataset-dir=bad --mirror="$url/endless"
says "expected at most 209715200 bytes, found: more"
run 3 fetch mnist --dataset-dir=bad --mirror=http://127.0.0.1:1
says "expected to download it, found: " "connect"
run 3 fetch mnist --dataset-dir=bad --mirror="$url/to-file"
says "expected to download it, found: "
run 3 fetch mnist --dataset-dir=bad --mirror=file:///etc
says "expected to download it, found: " "rotocol"
leaves_nothing bad

title "synthesize writes marked data and replaces nothing"
run 0 synthesize mnist --dataset-dir=made
says "mnist: made/MNIST/raw (generated stand-in for MNIST, seed 42): generated, 60000 + 10000 samples"
run 0 verify --dataset-dir=made
says "generated, 60000 + 10000 samples" "cifar10: none in made"
run 3 synthesize mnist --dataset-dir=made
says "expected no mnist yet, found 60000 + 10000 samples" "nothing is replaced"
run 3 fetch mnist --dataset-dir=made --mirror="$url"
says "nothing is replaced"
run 3 synthesize mnist --dataset-dir=got
says "expected no mnist yet, found 20 + 10 samples"
run 0 synthesize cifar10 --dataset-dir=made
says "(generated stand-in for CIFAR-10, seed 42): generated, 50000 + 10000 samples"
[ -z "$(find . -name '.reprise-data*')" ] || fail "temporary folders stay"

title "help"
for arguments in --help "fetch --help" -h; do
  run 0 $arguments
  says "reprise data verify [NAME...]" "reprise data fetch NAME..." "NAME: mnist, "
done

title "mistakes are usage errors"
run 2
says "data: expected what to do; usage: reprise data verify"
run 2 fetsh mnist
says "did you mean fetch?"
run 2 fetch
says "expected a data set"
run 2 fetch minst
says "did you mean mnist?"
run 2 fetch mnist --dataset-dir
says "--dataset-dir: expected a value"
run 2 verify --mirror=x
says "--mirror: only fetch downloads"
run 2 fetch mnist cifar10 --mirror=x
says "--mirror: expected one data set, found 2"

[ "$failures" = 0 ] && echo "all passed"
exit "$failures"
