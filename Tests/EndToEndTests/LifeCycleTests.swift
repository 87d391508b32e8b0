import Foundation
import Testing

@Suite("Life of a controller", .serialized)
struct LifeCycleTests {
    @Test("a second controller on the same state is refused, and says who has it")
    func secondController() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let start = try project.commit([NoopProject.Step(name: "a", content: "1")], "Start")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", start, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        for command in ["run", "apply"] {
            let second = try workshop.ingot(command, "--repository", workshop.bare)
            #expect(second.status == 1)
            let process = try #require(services.processID)
            #expect(
                second.standardError == """
                    error: another controller (process \(process)) is using the state directory \(workshop.state)
                    hint: stop it first, or give this one another state directory

                    """)
        }
    }

    @Test("SIGTERM, and a storm of signals, stop it within 10 s and leave no process")
    func stopping() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        _ = try project.commit(
            [NoopProject.Step(name: "a", content: "1", seconds: 300)], "A long step")
        try services.startController(data: workshop.folder)
        #expect(
            try eventually {
                try workshop.ingot("status").standardOutput.contains("noop is running")
            }, "\(services.log("controller"))")
        let process = try #require(services.processID)
        // Looks at the repository again, and ends nothing.
        kill(process, SIGHUP)
        kill(process, SIGPIPE)
        usleep(200_000)
        #expect(kill(process, 0) == 0)
        let began = Date()
        for _ in 0..<5 { kill(process, SIGTERM) }
        kill(process, SIGINT)
        services.stop()
        #expect(Date().timeIntervalSince(began) < 10)
        #expect(eventually(2) { Family(of: workshop).isGone }, "\(Family(of: workshop).names)")
        let state = try workshop.ingot("get", "runs").standardOutput
        #expect(!state.contains("succeeded"), "\(state)")
    }
}

/// The processes that have something to do with a workshop: found by its folder's name in their
/// arguments or environment.
struct Family {
    let folder: String

    init(of workshop: Workshop) {
        folder = workshop.folder
    }

    var isGone: Bool { members.isEmpty }

    var names: [String] { members.map { "\($0.id) \($0.arguments)" } }

    struct Member {
        let id: Int32
        let arguments: String
    }

    var members: [Member] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { entry in
            guard let id = Int32(entry), id != getpid() else { return nil }
            let arguments = read("/proc/\(id)/cmdline")
            guard !arguments.isEmpty else { return nil }
            let isMember =
                arguments.contains(folder) || read("/proc/\(id)/environ").contains(folder)
            return isMember
                ? Member(id: id, arguments: arguments.replacing("\0", with: " ")) : nil
        }
    }

    private func read(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
