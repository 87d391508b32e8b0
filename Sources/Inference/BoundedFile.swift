import Glibc
package import ResourceAPI

/// Reads whole files with a limit. Blocks: call it on a thread of one's own.
package enum BoundedFile {
    /// - Throws: `InferenceError.fileUnreadable` or `.fileTooLarge`.
    package static func read(path: String, limitBytes: Int) throws(InferenceError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .fileUnreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .fileUnreadable(path: path, reason: "it is not a file")
        }
        guard status.st_size <= limitBytes else {
            throw .fileTooLarge(path: path, limitBytes: limitBytes)
        }
        var failure: Int32 = 0
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(
                    descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                count += got
            }
        }
        guard failure == 0 else {
            throw .fileUnreadable(path: path, reason: String(cString: strerror(failure)))
        }
        return bytes
    }

    /// Reads a file of any size through, piece by piece.
    /// - Throws: `InferenceError.fileUnreadable`, `.digestMismatch`.
    package static func verify(
        path: String, expecting expected: Digest
    ) throws(InferenceError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .fileUnreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var builder = DigestBuilder()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let got = Glibc.read(descriptor, &buffer, buffer.count)
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else {
                throw .fileUnreadable(path: path, reason: String(cString: strerror(errno)))
            }
            if got == 0 { break }
            buffer.withUnsafeBytes { builder.update(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
        }
        let actual = builder.finish()
        guard actual == expected else {
            throw .digestMismatch(path: path, expected: expected, actual: actual)
        }
    }

    /// Reads a file whose content must have the given digest.
    /// - Throws: also `InferenceError.digestMismatch`.
    package static func read(
        path: String, limitBytes: Int, expecting expected: Digest
    ) throws(InferenceError) -> [UInt8] {
        let bytes = try read(path: path, limitBytes: limitBytes)
        var builder = DigestBuilder()
        builder.update(bytes)
        let actual = builder.finish()
        guard actual == expected else {
            throw .digestMismatch(path: path, expected: expected, actual: actual)
        }
        return bytes
    }
}
