import ResourceAPI
import Testing

@testable import Execution

/// Orders of events that are hard to bring about with real processes.
@Suite("Conversation with a worker")
struct StepConversationTests {
    private func conversation() throws -> StepConversation {
        let step = try #require(StepID("trainingconfig/arrival-delay#train"))
        let order = StepOrder(
            runID: "r", step: step, program: [:], seed: 0, resources: .standard, inputs: [:],
            outputDirectory: "/o", logPath: "/l.log")
        return StepConversation(order: order, limits: StepLimits())
    }

    private func bytes(_ text: String) -> StepConversation.Input { .bytes(Array(text.utf8)) }

    @Test("an outcome that is there is kept when a cancellation comes after it")
    func lateCancellation() throws {
        var conversation = try conversation()
        #expect(conversation.receive(.connected) == [.start])
        #expect(conversation.receive(bytes("{\"event\":\"result\",\"metadata\":7}\n{\"eve")) == [])
        #expect(
            conversation.receive(bytes("nt\":\"exit\",\"code\":0}\n"))
                == [.finish(.succeeded(metadata: 7), isClean: true)])
        #expect(conversation.receive(.cancelled) == [])
    }

    @Test("what a step says while it is being killed does not matter")
    func ending() throws {
        var conversation = try conversation()
        _ = conversation.receive(.connected)
        #expect(conversation.receive(.cancelled) == [.kill])
        #expect(conversation.receive(bytes("{\"event\":\"exit\",\"code\":0}\ngarbage\n")) == [])
        #expect(conversation.receive(.timedOut) == [])
        #expect(conversation.receive(.closed) == [.finish(.cancelled, isClean: false)])
    }

    @Test("a connection that closes early, with the warm parent alive, breaks the protocol")
    func closedEarly() throws {
        var conversation = try conversation()
        _ = conversation.receive(.connected)
        #expect(conversation.receive(.closed) == [.awaitParentEnd])
        let failure = StepFailure(
            class: .internal, code: "ProtocolError",
            message: "the worker of step trainingconfig/arrival-delay#train "
                + "closed its connection before it had ended",
            hint: "this is a bug in Ingot or in a library that it uses; please report it with the "
                + "log")
        #expect(conversation.receive(.parentLives) == [.finish(.failed(failure), isClean: false)])
    }

    @Test("a warm parent that does not kill is abandoned")
    func killOverdue() throws {
        var conversation = try conversation()
        _ = conversation.receive(.connected)
        _ = conversation.receive(bytes("{\"event\":\"started\",\"pid\":77}\n"))
        _ = conversation.receive(.cancelled)
        #expect(
            conversation.receive(.killOverdue)
                == [.abandonParent, .finish(.cancelled, isClean: false)])
    }

    @Test("a cancelled step that has not begun costs no warm parent")
    func cancelledBeforeItBegan() throws {
        var conversation = try conversation()
        _ = conversation.receive(.connected)
        _ = conversation.receive(.cancelled)
        #expect(conversation.receive(.killOverdue) == [.finish(.cancelled, isClean: false)])
    }

    @Test("the first error of a step is the one that counts")
    func firstError() throws {
        var conversation = try conversation()
        _ = conversation.receive(.connected)
        for name in ["First", "Second"] {
            let line =
                "{\"event\":\"error\",\"class\":\"data\",\"code\":\"\(name)\",\"message\":\"m\","
                + "\"hint\":null,\"details\":null}\n"
            #expect(conversation.receive(bytes(line)) == [])
        }
        let failure = StepFailure(class: .data, code: "First", message: "m")
        #expect(
            conversation.receive(bytes("{\"event\":\"exit\",\"signal\":9}\n"))
                == [.finish(.failed(failure), isClean: true)])
    }
}
