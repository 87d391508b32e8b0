import ResourceAPI

/// The one line that starts a step.
enum WorkerRequest {
    static let protocolVersion: Int64 = 1

    /// JSON and a newline.
    ///
    /// - Parameter fileBytes: the largest file that the worker may write.
    static func line(for order: StepOrder, fileBytes: Int64) -> [UInt8] {
        let inputs = order.inputs.mapValues { files in
            JSONValue.object(files.mapValues { .string($0) })
        }
        var request: [String: JSONValue] = [
            "protocol": .int(protocolVersion),
            "run": .string(order.runID),
            "kind": .string(order.step.kind.rawValue),
            "program": order.program,
            "seed": .int(order.seed),
            "threads": .int(Int64(order.resources.cpus)),
            "memory_bytes": .int(order.resources.memoryBytes),
            "inputs": .object(inputs),
            "file_bytes": .int(fileBytes),
            "output": .string(order.outputDirectory),
            "log": .string(order.logPath),
        ]
        if !order.secrets.values.isEmpty {
            request["secrets"] = .object(order.secrets.values.mapValues { .string($0) })
        }
        return JSONValue.object(request).canonicalBytes + [UInt8(ascii: "\n")]
    }
}
