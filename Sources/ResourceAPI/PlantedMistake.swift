#if DEBUG
    import Synchronization
#endif

/// Mistakes that tests plant, to see that the suite catches them. In a release build none of them
/// exists.
package enum PlantedMistake: String, CaseIterable, Hashable, Sendable {
    /// A renamed file's folder is not synced.
    case skipDirectorySync
    /// A file gets its final name before its bytes are durable.
    case renameBeforeSync
    /// An fsync that failed is tried again on the same file.
    case retryFailedSync
    /// What was written is not read back before it gets its name.
    case skipDigestCheck
    /// A result is recorded before its files are published.
    case rowBeforeFile
    /// A second result with another digest replaces the first.
    case replaceDigest
    /// A stage may point to an artifact that is not there.
    case stageWithoutArtifact
    /// Temporary files of a killed writer stay.
    case keepTemporary
    /// Garbage is deleted without looking a second time whether somebody wants it by now.
    case collectWithoutSecondLook
    /// Transactions do not check that their writer is still the newest.
    case skipFencing
    /// A change is recorded without its event.
    case skipEvent
    /// A notification that comes during a look is dropped.
    case loseWakeUp
    /// A step counts as ended while processes of it live.
    case endBeforeTreeIsDead
    /// Steps that a newer commit does not want run on.
    case forgetCancel
    /// Resources of a file that does not parse are pruned.
    case pruneOnError
    /// A rewritten history is followed although the policy is to hold.
    case followRewrite
    /// A failure that only a change can mend is tried again.
    case retryDeterministic
    /// Removals beyond the budget are not held back.
    case ignorePruneBudget

    #if DEBUG
        private static let planted = Mutex<PlantedMistake?>(nil)

        package var isPlanted: Bool { Self.planted.withLock { $0 == self } }

        /// For the whole process: tests that plant run one after the other.
        package static func plant(_ mistake: PlantedMistake?) {
            planted.withLock { $0 = mistake }
        }
    #else
        package var isPlanted: Bool { false }
    #endif
}
