import Foundation
import Testing

/// Serves the bare repository of a workshop over https, and can be made to hang: then connections
/// are accepted and never answered.
final class HangingServer {
    let port: Int
    private let folder: String
    private let process = Process()
    private let input = Pipe()

    init(_ workshop: Workshop) throws {
        folder = workshop.folder + "/server"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let commands = [
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ingot-test "
                + "-keyout ca.key -out ca.pem",
            "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key "
                + "-out server.csr",
            "printf 'subjectAltName=DNS:localhost' > extension",
            "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
                + "-extfile extension -out server.pem",
        ]
        let made = try workshop.run(
            "sh", ["-ec", commands.joined(separator: "; ")], in: folder)
        try #require(made.status == 0, "\(made)")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", Workshop.fixtures + "/git_server.py", folder, workshop.bare,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        var line: [UInt8] = []
        while let byte = output.fileHandleForReading.readData(ofLength: 1).first,
            byte != UInt8(ascii: "\n")
        {
            line.append(byte)
        }
        port = try #require(Int(String(decoding: line, as: UTF8.self)))
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    var url: String { "https://localhost:\(port)/repo.git" }

    /// What a client needs.
    var environment: [String: String] { ["INGOT_CA_FILE": folder + "/ca.pem"] }

    func hang() throws {
        try Data().write(to: URL(fileURLWithPath: folder + "/silent"))
    }

    func goOn() throws {
        try FileManager.default.removeItem(atPath: folder + "/silent")
    }
}
