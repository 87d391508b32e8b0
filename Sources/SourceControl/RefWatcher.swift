/// Says when to look at a repository again. Signals carry no data: there may be too many, never too
/// few, and whoever listens looks at the branch itself. Signals that nobody has taken yet are one.
package enum RefWatcher {
    /// How often a remote repository is looked at, and a local one even though nothing was seen (a
    /// network file system tells inotify nothing of what others do).
    package static let standardInterval = Swift.Duration.seconds(30)

    /// For as long as the stream is listened to; the first signal comes at once.
    ///
    /// - Parameters:
    ///   - url: folders are watched with inotify and polled; servers are polled.
    ///   - clock: for the polling.
    /// - Throws: what `GitRepository.init` throws, for a local repository.
    package static func signals(
        for url: RepositoryURL, branch: String, interval: Swift.Duration = standardInterval,
        clock: any Clock<Swift.Duration> = ContinuousClock()
    ) throws(SourceControlError) -> AsyncStream<Void> {
        let (stream, post) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var watch: RefWatch?
        if let path = url.localPath {
            let folder = try GitHandle.open(path).commonDirectory
            watch = try RefWatch(gitDirectory: folder, branch: branch) { post.yield() }
        }
        let isSeen = watch?.start() ?? true
        let polling = Task {
            // Without inotify (its limits are used up) a folder is looked at every second.
            let pause = isSeen ? interval : min(interval, .seconds(1))
            while !Task.isCancelled {
                post.yield()
                do { try await clock.sleep(for: pause) } catch { return }
            }
        }
        post.onTermination = { [watch] _ in
            polling.cancel()
            watch?.stop()
        }
        return stream
    }
}
