import Foundation
import Inference
import NIOPosix
import ResourceAPI
import Serving
import Synchronization
import Testing

@Suite("The gateway")
struct GatewayTests {
    /// Constant load from several connections; counts what was not answered with 200.
    final class Load: Sendable {
        private let stop = Atomic<Bool>(false)
        let answered = Atomic<Int>(0)
        let failures = Mutex<[String]>([])
        private let finished = DispatchGroup()

        init(port: Int, connections: Int) {
            for _ in 0..<connections {
                finished.enter()
                Thread.detachNewThread { [self] in
                    defer { finished.leave() }
                    do {
                        let connection = try HTTPConnection(port: port)
                        while !stop.load(ordering: .relaxed) {
                            let answer = try connection.request(
                                "POST", "/v2/models/delays/infer", ServingFixture.row)
                            if answer.status == 200 {
                                answered.add(1, ordering: .relaxed)
                            } else {
                                failures.withLock { $0.append(answer.body) }
                            }
                        }
                    } catch {
                        failures.withLock { $0.append("connection: \(error)") }
                    }
                }
            }
        }

        func end() async throws -> [String] {
            stop.store(true, ordering: .relaxed)
            try await blocking { [finished] in finished.wait() }
            return failures.withLock { $0 }
        }

        /// Until `count` more requests were answered.
        func more(_ count: Int) async throws {
            let goal = answered.load(ordering: .relaxed) + count
            while answered.load(ordering: .relaxed) < goal, failures.withLock({ $0.isEmpty }) {
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    @Test("a version switch under constant load, there and back, fails no request")
    func change() async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        try fixture.write([try ServingFixture.served(version: 1, replicas: 2)])
        _ = try await fixture.await("version 1") { $0.readyReplicas == 2 }
        let load = Load(port: gateway.port, connections: 4)
        for version in [2, 1, 3, 1] {
            try await load.more(50)
            try fixture.write([try ServingFixture.served(version: version, replicas: 2)])
            let report = try await fixture.await("version \(version)") {
                $0.version == version && $0.readyReplicas == 2
            }
            #expect(report.failure == nil)
            #expect(report.digest == Digest(hashing: [UInt8(version)]))
            try await load.more(50)
        }
        #expect(try await load.end() == [])
        await gateway.stop()
        #expect(fixture.report() == nil)
    }

    @Test("a crashed replica under load fails no request, and comes back")
    func crash() async throws {
        let fixture = try ServingFixture()
        let launcher = InProcessLauncher()
        let gateway = try await fixture.gateway(launcher)
        try fixture.write([try ServingFixture.served(replicas: 2)])
        _ = try await fixture.await("ready") { $0.readyReplicas == 2 }
        let load = Load(port: gateway.port, connections: 4)
        try await load.more(100)
        await launcher.instances[0].crash()
        _ = try await fixture.await("restart") { $0.restarts == 1 && $0.readyReplicas == 2 }
        try await load.more(100)
        #expect(try await load.end() == [])
        #expect(await launcher.instances.count == 3)
        await gateway.stop()
    }

    @Test("a broken new version keeps the old one, and is reported")
    func broken() async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        try fixture.write([try ServingFixture.served()])
        _ = try await fixture.await("version 1") { $0.readyReplicas == 1 }
        let bad = try ServingFixture.served(version: 2, isDamaged: true)
        let right = try ServingFixture.served().onnxDigest
        try fixture.write([bad])
        let report = try await fixture.await("failure") { $0.failure != nil }
        #expect(
            report.failure == "the instance exited with code 1 ('\(bad.onnxPath)' has the digest "
                + "\(right) where \(bad.onnxDigest) is expected; hint: the file was changed or "
                + "damaged after it was published)")
        #expect(report.version == 1)
        #expect(report.desiredDigest == Digest(hashing: [2]))
        let port = gateway.port
        let answer = try await blocking {
            try HTTPConnection(port: port).request(
                "POST", "/v2/models/delays/infer", ServingFixture.row)
        }
        #expect(answer.status == 200)
        #expect(answer.body.contains(#""model_version":"1""#))
        // A plan that is no plan changes nothing; the next right one is served.
        try Data("{".utf8).write(to: URL(filePath: fixture.folder + "/run/serving.json"))
        try fixture.write([try ServingFixture.served(version: 3)])
        _ = try await fixture.await("version 3") { $0.version == 3 && $0.failure == nil }
        await gateway.stop()
    }

    @Test("bad requests get whole messages")
    func badRequests() async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        let port = gateway.port
        func ask(
            _ method: String, _ path: String, _ body: String? = nil
        ) async throws -> HTTPConnection.Answer {
            try await blocking { try HTTPConnection(port: port).request(method, path, body) }
        }
        let early = try await ask("GET", "/v2/health/ready")
        #expect(early.status == 503)
        #expect(early.body == #"{"live":true,"ready":false}"#)
        #expect(
            try await ask("GET", "/v2/models/delays").body
                == #"{"error":"unknown model 'delays'; no model is served yet"}"#)

        let bad = try ServingFixture.served("broken", isDamaged: true)
        try fixture.write([try ServingFixture.served(), bad])
        _ = try await fixture.await("failure") { $0.name == "broken" && $0.failure != nil }
        while try await ask("GET", "/v2/models/delays/ready").status != 200 {}

        let failed = try await ask("POST", "/v2/models/broken/infer", "{}")
        #expect(failed.status == 503)
        #expect(failed.headers["retry-after"] == "1")
        #expect(
            failed.body.hasPrefix(
                #"{"error":"no version of model 'broken' is ready: the instance exited with code 1"#
            ))
        #expect(
            try await ask("GET", "/v2/models/broken/ready").body
                == #"{"name":"broken","ready":false}"#)

        let cases: [(String, String, String?, Int, String)] = [
            (
                "POST", "/v2/models/delay/infer", "{}", 404,
                "unknown model 'delay'; served here: 'broken', 'delays'; "
                    + "hint: did you mean 'delays'?"
            ),
            (
                "GET", "/v2/models/delays/versions/7", nil, 404,
                "model 'delays' has no version '7' here; version 1 is served"
            ),
            (
                "GET", "/v2/models/delays/infer", nil, 405,
                "the method GET is not possible here; use POST"
            ),
            ("POST", "/v2", "{}", 405, "the method POST is not possible here; use GET"),
            (
                "GET", "/metrics", nil, 404,
                "there is nothing at '/metrics'; hint: the paths are those of the Open Inference "
                    + "Protocol v2, see GET /"
            ),
            ("POST", "/v2/models/delays/infer", "", 400, "the request has no body"),
            (
                "POST", "/v2/models/delays/infer", #"{"inputs":[]}"#, 400,
                "the request lacks 6 of the model's 6 inputs: 'n0', 'n1', 'n2', 'n3', 'c0' and 1 "
                    + "more; hint: send the column with null values if it is unknown"
            ),
        ]
        for (method, path, body, status, message) in cases {
            let answer = try await ask(method, path, body)
            #expect(answer.status == status)
            #expect(answer.body == "{\"error\":\"\(message)\"}")
        }
        #expect(try await ask("GET", "/v2").body.contains(#""name":"ingot""#))
        #expect(try await ask("GET", "/").status == 200)
        #expect(try await ask("HEAD", "/v2/models/delays").status == 200)
        await gateway.stop()
    }

    @Test("too large, too many headers, no HTTP, and expect-continue")
    func limits() async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        try fixture.write([try ServingFixture.served()])
        _ = try await fixture.await("ready") { $0.readyReplicas == 1 }
        let port = gateway.port
        try await blocking {
            let large = try HTTPConnection(port: port)
            try large.send(
                "POST /v2/models/delays/infer HTTP/1.1\r\nContent-Length: 16777217\r\n\r\n".utf8)
            let answer = try large.answer()
            #expect(answer.status == 413)
            #expect(
                answer.body
                    == #"{"error":"the body is larger than 16777216 bytes; hint: split the request"}"#
            )

            let chunked = try HTTPConnection(port: port)
            try chunked.send(
                "POST /v2/models/delays/infer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            let chunk =
                Array("100000\r\n".utf8) + [UInt8](repeating: 32, count: 1 << 20) + [13, 10]
            for _ in 0..<17 { try chunked.send(chunk) }
            #expect(try chunked.answer().status == 413)

            let many = try HTTPConnection(port: port)
            let headers = (0..<200).map { "h\($0): x\r\n" }.joined()
            try many.send("GET / HTTP/1.1\r\n\(headers)\r\n".utf8)
            #expect(try many.answer().status == 400)

            let noise = try HTTPConnection(port: port)
            try noise.send("\u{0}\u{1}\u{2} hello\r\n\r\n".utf8)
            #expect(try noise.answer().status == 400)

            let polite = try HTTPConnection(port: port)
            try polite.send(
                ("POST /v2/models/delays/infer HTTP/1.1\r\nExpect: 100-continue\r\n"
                    + "Content-Length: \(ServingFixture.row.utf8.count)\r\n\r\n").utf8)
            #expect(try polite.answer().status == 100)
            try polite.send(ServingFixture.row.utf8)
            #expect(try polite.answer().status == 200)

            // Two requests in one piece, answered in order.
            let eager = try HTTPConnection(port: port)
            try eager.send(
                "GET /v2/health/live HTTP/1.1\r\n\r\nGET /v2/models/delays/ready HTTP/1.1\r\n\r\n"
                    .utf8)
            #expect(try eager.answer().body == #"{"live":true,"ready":true}"#)
            #expect(try eager.answer().body == #"{"name":"delays","ready":true}"#)
        }
        await gateway.stop()
    }

    @Test("a second gateway on the same state directory, and a port in use, are refused")
    func conflicts() async throws {
        let fixture = try ServingFixture()
        let other = try ServingFixture()
        let gateway = try await fixture.gateway()
        let second = await #expect(throws: ServingError.self) { try await fixture.gateway() }
        #expect(
            second?.description == "another gateway already serves the state directory "
                + "'\(fixture.folder)'; hint: stop the other one first")
        let port = gateway.port
        let used = await #expect(throws: ServingError.self) {
            try await other.gateway(port: port)
        }
        #expect(
            used?.message == "cannot listen on 127.0.0.1:\(port): the address is already in use")
        #expect(
            used?.hint == "choose another with --port, or find the holder with "
                + "`ss -ltnp 'sport = :\(port)'`")
        await gateway.stop()
        // Both are free again.
        await (try fixture.gateway(port: port)).stop()
    }

    @Test("replicas come and go without a restart of the others, and a removed deployment is gone")
    func scale() async throws {
        let fixture = try ServingFixture()
        let launcher = InProcessLauncher()
        let gateway = try await fixture.gateway(launcher)
        for (replicas, launched) in [(1, 1), (3, 3), (1, 3)] {
            try fixture.write([try ServingFixture.served(replicas: replicas)])
            _ = try await fixture.await("\(replicas) replicas") {
                $0.desiredReplicas == replicas && $0.readyReplicas == replicas
            }
            #expect(await launcher.instances.count == launched)
        }
        try fixture.write([])
        while fixture.report()?.deployments.isEmpty != true {
            try await Task.sleep(for: .milliseconds(5))
        }
        let port = gateway.port
        let answer = try await blocking {
            try HTTPConnection(port: port).request("GET", "/v2/models/delays/ready")
        }
        #expect(answer.status == 404 || answer.status == 503)
        await gateway.stop()
    }
}
