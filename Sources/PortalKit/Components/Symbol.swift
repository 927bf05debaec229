/// Small drawings in one line weight, coloured by the text around them. Each differs from the others in outline and not
/// in colour alone, so that it reads without colour and without a language.
enum Symbol: String, CaseIterable {
    case check, clock, stop, bag, question, pause, slash
    case device, person, statement
    case seed, growth, drop, harvest, flask, box, truck, store
    case fan, feed, fish

    /// The drawing, hidden from screen readers: words beside it say the same.
    var svg: String {
        """
        <svg class="symbol symbol-\(rawValue)" viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" \
        stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">\(shape)</svg>
        """
    }

    private var shape: String {
        switch self {
        case .check: #"<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.4 3.1 3.1 6-6.6"/>"#
        case .clock:
            #"<path d="M12 6.8V12l3.2 2"/><path d="M18.7 18.7A9.5 9.5 0 1 1 21.5 12"/>"#
                + #"<path d="m18 15 4 4m0-4-4 4"/>"#
        case .stop:
            #"<path d="M8.1 2.5h7.8l5.6 5.6v7.8l-5.6 5.6H8.1l-5.6-5.6V8.1z"/><path d="M12 7v6.2"/>"#
                + #"<circle cx="12" cy="16.6" r=".6" fill="currentColor"/>"#
        case .bag: #"<path d="M5 8h14l1.2 13H3.8z"/><path d="M8.5 10.5V6.8a3.5 3.5 0 0 1 7 0v3.7"/>"#
        case .question:
            #"<circle cx="12" cy="12" r="9.5" stroke-dasharray="3.4 2.57"/>"#
                + #"<path d="M9.2 9.4a2.9 2.9 0 1 1 4.2 2.6c-.9.5-1.4 1-1.4 2"/>"#
                + #"<circle cx="12" cy="16.9" r=".6" fill="currentColor"/>"#
        case .pause: #"<rect x="2.5" y="2.5" width="19" height="19" rx="3"/><path d="M9.3 8v8M14.7 8v8"/>"#
        case .slash: #"<circle cx="12" cy="12" r="9.5"/><path d="m5.5 18.5 13-13"/>"#
        case .device:
            #"<rect x="6.5" y="6.5" width="11" height="11" rx="2"/><path d="M10 2.5v4m4-4v4m-4 11v4m4-4v4"#
                + #"M2.5 10h4m-4 4h4m11-4h4m-4 4h4"/>"#
        case .person: #"<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.7-4 3.6-6 7.5-6s6.8 2 7.5 6"/>"#
        case .statement: #"<path d="M4 5.5h16v10.5H11l-4.5 4v-4H4z"/>"#
        case .seed:
            #"<path d="M12 21c-4-2.5-6-5.8-6-9.3C6 7.3 9 4.5 12 3c3 1.5 6 4.3 6 8.7 0 3.5-2 6.8-6 9.3z"/>"#
                + #"<path d="M12 21V11"/>"#
        case .growth:
            #"<path d="M12 21v-9m0 0c0-4 2.5-6.5 7.5-6.5 0 4.5-2.5 6.5-7.5 6.5z"#
                + #"m0 3c0-3-2-5-6.5-5 0 3.5 2.5 5 6.5 5z"/>"#
        case .drop: #"<path d="M12 3c4 4.5 6 7.8 6 11a6 6 0 0 1-12 0c0-3.2 2-6.5 6-11z"/>"#
        case .harvest: #"<path d="M3.5 11h17l-2 9.5h-13z"/><path d="M7 11a5 5 0 0 1 10 0"/>"#
        case .flask:
            #"<path d="M9.5 3h5M10.5 3v6.5L5 19a1.4 1.4 0 0 0 1.2 2h11.6"/>"#
                + #"<path d="M17.8 21a1.4 1.4 0 0 0 1.2-2l-5.5-9.5V3M8 15h8"/>"#
        case .box: #"<path d="m12 3 8.5 4.3v9.4L12 21l-8.5-4.3V7.3z"/><path d="m3.5 7.3 8.5 4.3 8.5-4.3M12 11.6V21"/>"#
        case .truck:
            #"<path d="M2.5 6h11.5v11H2.5zM14 10h4l3.5 3.5V17H14z"/><circle cx="7" cy="17.5" r="2"/>"#
                + #"<circle cx="17.5" cy="17.5" r="2"/>"#
        case .fan:
            #"<circle cx="12" cy="12" r="2"/><path d="M12 10c-1.5-3-.8-6.5 2-7s4.4 3 .8 6.6M14 12c3-1.5 6.5-.8 7 2s-3 4.4-6.6.8"#
                + #"M12 14c1.5 3 .8 6.5-2 7s-4.4-3-.8-6.6M10 12c-3 1.5-6.5.8-7-2s3-4.4 6.6-.8"/>"#
        case .feed: #"<path d="M3.5 13h17l-2.5 7.5h-12z"/><path d="M8 9.5h.01M12 8h.01M16 9.5h.01M10 5h.01M14 5h.01"/>"#
        case .fish:
            #"<path d="M2.5 7.5c2 1.3 3.2 2.8 4 4.5-.8 1.7-2 3.2-4 4.5M6.5 12c2.5-4 5.5-5.5 8.5-5.5 3.2 0 5.3 2.3 6.5 5.5"#
                + #"-1.2 3.2-3.3 5.5-6.5 5.5-3 0-6-1.5-8.5-5.5z"/><circle cx="16.8" cy="10.8" r=".6" fill="currentColor"/>"#
        case .store: #"<path d="M4 10v10.5h16V10M2.5 10 5 3.5h14l2.5 6.5zM10 20.5V14h4v6.5"/>"#
        }
    }
}
