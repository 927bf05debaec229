/// A form of at most five fields that posts `application/x-www-form-urlencoded`.
public struct Form: Sendable, Equatable {
    /// Fields that a person has to look at; more than this is a second form.
    public static let maximumFields = 5

    /// Name of the hidden field with the anti-forgery token.
    public static let csrfFieldName = "csrf"

    /// A choice of a select field.
    public struct Choice: Sendable, Equatable {
        let value: String
        let label: String

        /// A choice: what is sent, and what is read.
        public init(_ value: String, _ label: String) {
            self.value = value
            self.label = label
        }
    }

    /// What a field takes.
    public enum Kind: Sendable, Equatable {
        case text(maximumLength: Int)
        /// A number with its unit; `step` is the smallest difference, as in HTML.
        case number(unit: String, step: String)
        case date
        case choice([Choice])
    }

    /// A field.
    public struct Field: Sendable, Equatable {
        let name: String
        let label: String
        let kind: Kind
        let hint: String?
        let value: String
        let isRequired: Bool

        /// A field that is sent as `name`.
        public init(
            _ name: String, label: String, kind: Kind, hint: String? = nil, value: String = "",
            isRequired: Bool = true
        ) {
            self.name = name
            self.label = label
            self.kind = kind
            self.hint = hint
            self.value = value
            self.isRequired = isRequired
        }
    }

    let id: String
    let title: String
    let action: String
    let fields: [Field]
    let fixed: [Choice]
    let submit: String
    let csrfToken: String
    let problem: String?

    /// A form.
    /// - Parameters:
    ///   - id: unique on its page; the address of the form's heading.
    ///   - fixed: values sent along without being shown, as name and value.
    ///   - submit: words of the button, saying what it does.
    ///   - problem: why the last attempt was refused and what to do, or nil.
    public init(
        id: String, title: String, action: String, fields: [Field], fixed: [Choice] = [], submit: String,
        csrfToken: String, problem: String? = nil
    ) {
        precondition(fields.count <= Self.maximumFields, "a form has at most \(Self.maximumFields) fields")
        self.id = id
        self.title = title
        self.action = action
        self.fields = fields
        self.fixed = fixed
        self.submit = submit
        self.csrfToken = csrfToken
        self.problem = problem
    }
}

extension Form {
    /// What the partial `form` is filled with.
    public struct View {
        let formID: String
        let formTitle: String
        let action: String
        let fields: [FieldView]
        let hidden: [HiddenView]
        let submit: String
        let problem: String?
    }

    struct HiddenView {
        let hiddenName: String
        let hiddenValue: String
    }

    struct ChoiceView {
        let choiceValue: String
        let choiceLabel: String
        let isChosen: Bool
    }

    struct FieldView {
        let fieldID: String
        let fieldName: String
        let fieldLabel: String
        let fieldType: String
        let fieldValue: String
        let isRequired: Bool
        let isOptional: Bool
        let isSelect: Bool
        let choices: [ChoiceView]
        let fieldUnit: String?
        let fieldStep: String?
        let maximumLength: String?
        let fieldHint: String?
    }

    /// The view of this form.
    public var view: View {
        let token = HiddenView(hiddenName: Self.csrfFieldName, hiddenValue: csrfToken)
        return View(
            formID: id, formTitle: title, action: action, fields: fields.map { fieldView($0) },
            hidden: [token] + fixed.map { HiddenView(hiddenName: $0.value, hiddenValue: $0.label) },
            submit: submit, problem: problem)
    }

    private func fieldView(_ field: Field) -> FieldView {
        var type = "text"
        var choices: [Choice] = []
        var unit: String?
        var step: String?
        var length: String?
        switch field.kind {
        case .text(let maximum): length = String(maximum)
        case .number(let itsUnit, let itsStep): (type, unit, step) = ("number", itsUnit, itsStep)
        case .date: type = "date"
        case .choice(let offered): choices = offered
        }
        return FieldView(
            fieldID: "\(id)-\(field.name)", fieldName: field.name, fieldLabel: field.label, fieldType: type,
            fieldValue: field.value, isRequired: field.isRequired, isOptional: !field.isRequired,
            isSelect: !choices.isEmpty,
            choices: choices.map {
                ChoiceView(choiceValue: $0.value, choiceLabel: $0.label, isChosen: $0.value == field.value)
            },
            fieldUnit: unit, fieldStep: step, maximumLength: length, fieldHint: field.hint)
    }
}
