import ResourceAPI
import Testing

@testable import Serving

@Suite("What the machine of one deployment decides")
struct MachineTests {
    /// A machine with a clock and counters, to be led through events.
    final class Story {
        var machine = DeploymentMachine()
        var now = ContinuousClock.now
        var lastID = 0

        func send(_ event: DeploymentMachine.Event) -> [DeploymentMachine.Action] {
            machine.handle(event, now: now) {
                lastID += 1
                return lastID
            }
        }
    }

    private func served(_ version: Int, replicas: Int = 2) -> ServedDeployment {
        ServedDeployment(
            name: "delays", replicas: replicas, model: "delays", version: version,
            digest: Digest(hashing: [UInt8(version)]), commit: "c", onnxPath: "/m\(version)",
            signaturePath: "/s", onnxDigest: Digest(hashing: [UInt8(version)]),
            runtimeLibrary: "/l")
    }

    /// A story in which version 1 is served by the instances 1 and 2.
    private func serving() -> Story {
        let story = Story()
        _ = story.send(.wanted(served(1)))
        _ = story.send(.ready(1))
        _ = story.send(.ready(2))
        return story
    }

    @Test("the first version answers as soon as one replica is ready")
    func first() {
        let story = Story()
        #expect(
            story.send(.wanted(served(1)))
                == [.start(1, served(1)), .start(2, served(1)), .route(version: nil, [])])
        #expect(story.send(.ready(2)) == [.route(version: 1, [2])])
        #expect(story.send(.ready(1)) == [.route(version: 1, [1, 2])])
        #expect(story.machine.readyReplicas == 2)
    }

    @Test("a new version takes over when all its replicas are ready, and then the old ones go")
    func change() {
        let story = serving()
        #expect(
            story.send(.wanted(served(2))) == [.start(3, served(2)), .start(4, served(2))])
        #expect(story.send(.ready(3)) == [])
        #expect(story.machine.serving == served(1))
        #expect(
            story.send(.ready(4)) == [.route(version: 2, [3, 4]), .retire(1), .retire(2)])
        #expect(story.machine.serving == served(2))
    }

    @Test("a new version that fails leaves the old one, is told, and is tried again after a pause")
    func broken() {
        let story = serving()
        _ = story.send(.wanted(served(2, replicas: 1)))
        #expect(
            story.send(.ended(3, reason: "no such model")) == [.wake(after: .seconds(0.5))])
        #expect(story.machine.failure == "no such model")
        #expect(story.machine.serving == served(1))
        #expect(story.machine.readyReplicas == 2)
        story.now += .seconds(0.5)
        #expect(story.send(.timer) == [.start(4, served(2, replicas: 1))])
        #expect(story.send(.ended(4, reason: "again")) == [.wake(after: .seconds(1))])
        // A changed plan tries at once.
        #expect(
            story.send(.wanted(served(2, replicas: 1))) == [.start(5, served(2, replicas: 1))])
        #expect(story.machine.failure == nil)
        // The old version again: nothing is started, and what was starting is stopped.
        #expect(story.send(.wanted(served(1))) == [.abort(5)])
        #expect(story.machine.serving == served(1))
    }

    @Test("more or fewer replicas of the same version touch no other replica")
    func replicas() {
        let story = serving()
        #expect(story.send(.wanted(served(1, replicas: 3))) == [.start(3, served(1, replicas: 3))])
        #expect(story.send(.ready(3)) == [.route(version: 1, [1, 2, 3])])
        #expect(
            story.send(.wanted(served(1, replicas: 1)))
                == [.route(version: 1, [1]), .retire(2), .retire(3)])
    }

    @Test("a dead instance leaves the route and is replaced, with growing pauses")
    func crash() {
        let story = serving()
        story.now += .seconds(60)
        #expect(
            story.send(.ended(1, reason: "was ended by signal 9"))
                == [.start(3, served(1)), .route(version: 1, [2])])
        #expect(story.machine.restarts == 1)
        #expect(story.send(.ready(3)) == [.route(version: 1, [2, 3])])
        // Dead again within seconds.
        #expect(
            story.send(.ended(3, reason: "was ended by signal 9"))
                == [.wake(after: .seconds(0.5)), .route(version: 1, [2])])
        #expect(story.machine.restarts == 2)
    }

    @Test("while a new version starts, a dead instance of the old one is replaced too")
    func crashDuringChange() {
        let story = serving()
        _ = story.send(.wanted(served(2)))
        story.now += .seconds(60)
        #expect(
            story.send(.ended(1, reason: "x"))
                == [.start(5, served(1)), .route(version: 1, [2])])
    }

    @Test("a newer plan supersedes one that is under way")
    func superseded() {
        let story = serving()
        _ = story.send(.wanted(served(2, replicas: 1)))
        #expect(
            story.send(.wanted(served(3, replicas: 1)))
                == [.start(4, served(3, replicas: 1)), .abort(3)])
    }

    @Test("a deployment that is gone from the plan is drained")
    func gone() {
        let story = serving()
        #expect(
            story.send(.wanted(nil)) == [.route(version: nil, []), .retire(1), .retire(2)])
        #expect(story.machine.isOver)
    }
}
