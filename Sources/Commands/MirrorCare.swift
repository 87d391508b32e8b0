import Reconciler
import ResourceAPI
import SourceControl
import StateStore
import Synchronization

/// Has the mirror made anew when something could not be read and it is the mirror that is damaged.
final class MirrorCare: Sendable {
    private let mirror: Mirror
    private let store: StateStore
    /// Looking through the whole mirror is not cheap: an error for which it was found whole, so that
    /// the source must be at fault, is not looked into again.
    private let ofSource = Mutex<SourceControlError?>(nil)

    init(mirror: Mirror, store: StateStore) {
        self.mirror = mirror
        self.store = store
    }

    /// - Returns: what was done, in one line; nil if trying again is of no use.
    func mend(after error: SourceControlError, branch: String) async -> String? {
        guard error.mayBeDamage, ofSource.withLock({ $0 != error }) else { return nil }
        let repair: MirrorRepair
        do throws(SourceControlError) {
            guard let done = try await mirror.repair(branch: branch) else {
                ofSource.withLock { $0 = error }
                return nil
            }
            repair = done
        } catch {
            // It says less than the error that led here. The mirror is as it was; the next look tries
            // again.
            return nil
        }
        let text = MirrorCare.text(of: repair, url: mirror.url)
        try? await store.append(
            NewEvent(
                .mirrorRepaired,
                origin: ChangeOrigin(actor: "controller", cause: repair.damage.message),
                result: text))
        return text
    }

    private static func text(of repair: MirrorRepair, url: RepositoryURL) -> String {
        let text = "the mirror was damaged and was made anew from \(url): \(repair.damage.message)"
        guard !repair.lost.isEmpty else { return text }
        let lost = repair.lost.map(\.short).joined(separator: ", ")
        return text + "; commits that nobody has any more: \(lost)"
    }
}

extension EventKind {
    /// The mirror was damaged, and was made anew.
    static let mirrorRepaired = EventKind(rawValue: "MirrorRepaired")
}
