/// A task of every day as one large button with a drawing: nothing to type, and the words stay beside the drawing.
public struct TaskButton: Sendable, Equatable {
    /// Drawings that a task can have; see ``Symbol``.
    public enum Drawing: String, Sendable {
        case fan, feed, fish, drop, check, stop, person, statement
    }

    enum Target: Sendable, Equatable {
        /// A form without fields: where it goes, what it sends, and the anti-forgery token.
        case action(String, fixed: [Form.Choice], csrfToken: String)
        case page(String)
    }

    let drawing: Drawing
    let words: String
    let target: Target

    /// A task that is done by pressing.
    /// - Parameter fixed: what is sent, as name and value.
    public init(_ drawing: Drawing, _ words: String, action: String, fixed: [Form.Choice], csrfToken: String) {
        self.drawing = drawing
        self.words = words
        target = .action(action, fixed: fixed, csrfToken: csrfToken)
    }

    /// A task with a page of its own.
    public init(_ drawing: Drawing, _ words: String, href: String) {
        self.drawing = drawing
        self.words = words
        target = .page(href)
    }

    /// What the partial `task` is filled with.
    public struct View {
        let taskDrawing: String
        let taskWords: String
        let taskLink: String?
        let taskAction: String?
        let hidden: [Form.HiddenView]
    }

    /// The view of this task.
    public var view: View {
        let svg = Symbol(rawValue: drawing.rawValue)?.svg ?? ""
        switch target {
        case .page(let href):
            return View(taskDrawing: svg, taskWords: words, taskLink: href, taskAction: nil, hidden: [])
        case .action(let action, let fixed, let token):
            return View(
                taskDrawing: svg, taskWords: words, taskLink: nil, taskAction: action,
                hidden: ([Form.Choice(Form.csrfFieldName, token)] + fixed).map {
                    .init(hiddenName: $0.value, hiddenValue: $0.label)
                })
        }
    }
}
