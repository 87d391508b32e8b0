import Foundation
import Testing

/// `git http-backend` behind https on a loopback port, with a certificate of its own authority.
///
/// `/repo.git` is open, `/private/repo.git` wants ada:secret, `/redirect/…` leads to another port,
/// on which everything asks for credentials. What Authorization headers came is in a file.
final class GitServer {
    let port: Int
    /// Of the authority.
    let certificatePath: String
    private let process = Process()
    private let input = Pipe()
    private let logPath: String

    init(_ scratch: Scratch, serving repository: Git) throws {
        let folder = scratch.path + "/server"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        certificatePath = folder + "/ca.pem"
        logPath = folder + "/authorizations"
        try Data(Self.program.utf8).write(to: URL(fileURLWithPath: folder + "/server.py"))
        try Self.makeCertificates(in: folder)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", folder + "/server.py", folder, repository.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line: [UInt8] = []
        while true {
            let byte = output.fileHandleForReading.readData(ofLength: 1)
            guard let first = byte.first, first != UInt8(ascii: "\n") else { break }
            line.append(first)
        }
        port = try #require(Int(String(decoding: line, as: UTF8.self)))
    }

    deinit {
        // Not by SIGTERM, which children of dispatch's threads inherit as blocked.
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// One line for each request with credentials: the path.
    var authorizations: [String] {
        let text = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { String($0) }
    }

    private static func makeCertificates(in folder: String) throws {
        let commands = [
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ingot-test "
                + "-keyout ca.key -out ca.pem",
            "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key "
                + "-out server.csr",
            "printf 'subjectAltName=DNS:localhost' > extension",
            "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
                + "-extfile extension -out server.pem",
        ]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-ec", "cd \(folder); " + commands.joined(separator: "; ")]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private static let program = """
        import base64, http.server, os, ssl, subprocess, sys, threading

        folder, repository = sys.argv[1:]
        backend = os.path.join(
            subprocess.check_output(["git", "--exec-path"], text=True).strip(), "git-http-backend")
        allowed = "Basic " + base64.b64encode(b"ada:secret").decode()
        other = None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def end(self, status, headers=(), body=b""):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def answer(self):
                given = self.headers.get("Authorization")
                if given:
                    with open(folder + "/authorizations", "a") as log:
                        log.write(self.path + "\\n")
                path, _, query = self.path.partition("?")
                if path.startswith("/redirect/"):
                    target = f"https://localhost:{other}/repo.git" + self.path[len("/redirect/repo.git"):]
                    return self.end(302, [("Location", target)])
                if path.startswith("/private/") or self.server.server_port == other:
                    if given != allowed:
                        return self.end(401, [("WWW-Authenticate", 'Basic realm="x"')])
                    path = path.removeprefix("/private")
                body = self.body()
                environment = dict(
                    os.environ, GIT_PROJECT_ROOT=os.path.dirname(repository),
                    GIT_HTTP_EXPORT_ALL="1", GIT_CONFIG_GLOBAL="/dev/null",
                    PATH_INFO="/" + os.path.basename(repository) + path.removeprefix("/repo.git"),
                    QUERY_STRING=query, REQUEST_METHOD=self.command,
                    CONTENT_TYPE=self.headers.get("Content-Type", ""),
                    CONTENT_LENGTH=str(len(body)))
                done = subprocess.run([backend], input=body, env=environment, capture_output=True)
                head, _, content = done.stdout.partition(b"\\r\\n\\r\\n")
                status, headers = 200, []
                for line in head.decode().splitlines():
                    name, _, value = line.partition(": ")
                    if name == "Status":
                        status = int(value.split()[0])
                    else:
                        headers.append((name, value))
                self.end(status, headers, content)

            do_GET = do_POST = answer

        def serve():
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            return server.server_port

        other = serve()
        print(serve(), flush=True)
        # Ends with the test process, however that ends.
        sys.stdin.read()
        """
}
