//! The built-in tasks on real text, and on text made to break them.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use docket_worker::engine::tasks::{
    BUDGET_CHARS, MAX_VALUES, Sentiment, Tasks, classify, extract_json, summarize,
};
use docket_worker::engine::{Capability, Engine, EngineError, MAX_INPUT_BYTES, Outcome, Request};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Generous, because tests run unoptimized beside other work.
const SOON: Duration = Duration::from_secs(20);

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = run();
    assert!(started.elapsed() < SOON, "{what} took {:?}", started.elapsed());
    result
}

async fn run(payload: &str) -> Result<Outcome, EngineError> {
    let (sink, _) = mpsc::channel(1);
    Tasks.run(Request::from_payload(payload)?, sink, CancellationToken::new()).await
}

/// A text about one thing with some sentences that stray from it, and how to tell them apart.
struct Sample {
    language: &'static str,
    sentences: &'static [&'static str],
    strays: &'static [usize],
    topic: &'static [&'static str],
    joint: &'static str,
}

const SAMPLES: [Sample; 7] = [
    Sample {
        language: "English",
        sentences: &[
            "The old harbour of the town silts up a little more every year.",
            "Engineers want to dredge the harbour so that larger ships can reach the quay again.",
            "My neighbour bought a red bicycle last week.",
            "Dredging the harbour is expensive, and the ships would have to pay a fee at the quay.",
            "Fishermen fear that dredging stirs up mud and drives the fish out of the harbour.",
            "The town council will vote in May on whether the harbour is dredged.",
            "There was apple pie for lunch.",
        ],
        strays: &[2, 6],
        topic: &["harbour"],
        joint: " ",
    },
    Sample {
        language: "German",
        sentences: &[
            "Die alte Brücke über den Fluss ist seit Jahren für schwere Lastwagen gesperrt.",
            "Fachleute haben die Brücke geprüft und an vielen Stellen Rost in den Trägern gefunden.",
            "Gestern gab es in der Kantine Erbsensuppe.",
            "Der Neubau der Brücke soll vier Jahre dauern und den Fluss nicht einengen.",
            "Bis zum Neubau müssen die Lastwagen einen Umweg über die Brücke im Nachbarort fahren.",
            "Die Anwohner am Fluss klagen über den Lärm der Lastwagen auf dem Umweg.",
            "Mein Onkel sammelt Briefmarken.",
        ],
        strays: &[2, 6],
        topic: &["Brücke", "Lastwagen"],
        joint: " ",
    },
    Sample {
        language: "French",
        sentences: &[
            "La bibliothèque du quartier ferme ses portes pour deux ans de travaux.",
            "Pendant les travaux, les livres de la bibliothèque seront gardés dans un entrepôt.",
            "Il a plu toute la matinée sur la plage.",
            "Les lecteurs du quartier pourront emprunter des livres dans une bibliothèque voisine.",
            "La nouvelle bibliothèque aura une grande salle où les lecteurs pourront écouter des livres.",
            "Les travaux de la bibliothèque coûteront six millions d'euros au quartier.",
            "Mon cousin préfère le thé vert.",
        ],
        strays: &[2, 6],
        topic: &["bibliothèque"],
        joint: " ",
    },
    Sample {
        language: "Spanish",
        sentences: &[
            "Los agricultores del valle piden más agua para regar sus campos de trigo.",
            "El embalse que da agua al valle está casi vacío después de dos años de sequía.",
            "Mi hermana toca la guitarra los domingos.",
            "Sin agua del embalse, los agricultores solo pueden regar la mitad de los campos.",
            "El gobierno promete repartir el agua del embalse entre los agricultores y las ciudades.",
            "Las ciudades del valle ya ahorran agua durante la noche por la sequía.",
            "El museo abre a las diez.",
        ],
        strays: &[2, 6],
        topic: &["agua"],
        joint: " ",
    },
    Sample {
        language: "Russian",
        sentences: &[
            "Учёные нашли на дне озера остатки древнего города.",
            "Город ушёл под воду озера больше тысячи лет назад.",
            "Вчера в магазине закончились яблоки.",
            "Водолазы подняли со дна озера посуду и монеты древнего города.",
            "Учёные хотят построить на берегу озера музей древнего города.",
            "Жители деревни рассказывают легенды о городе на дне озера.",
            "Моя кошка любит спать на окне.",
        ],
        strays: &[2, 6],
        topic: &["озера", "город"],
        joint: " ",
    },
    Sample {
        language: "Japanese",
        sentences: &[
            "町の古い図書館は来年の春に新しい建物へ移ります。",
            "新しい図書館の建物には子どものための広い読書室があります。",
            "昨日は友だちとラーメンを食べました。",
            "古い図書館の建物は町の歴史を伝える博物館になります。",
            "図書館の本を新しい建物へ運ぶために、町は学生の手伝いを集めています。",
            "新しい図書館は夜の九時まで開いているので、働く人も読書室を使えます。",
            "図書館の引っ越しのあいだ、町の人は隣の町の図書館で本を借りることができます。",
            "町長は、新しい図書館が町の人の集まる場所になってほしいと話しています。",
            "犬が庭で寝ています。",
        ],
        strays: &[2, 8],
        topic: &["図書館"],
        joint: "",
    },
    Sample {
        language: "Chinese",
        sentences: &[
            "这座城市的旧火车站将在明年改建成一座铁路博物馆。",
            "铁路博物馆将展出一百多年来在这座城市运行过的火车。",
            "昨天晚上我们吃了西瓜。",
            "旧火车站的大厅将保留下来，作为博物馆的入口。",
            "许多居民为博物馆捐出了火车票、照片和铁路工人的工具。",
            "孩子们可以在铁路博物馆里驾驶一列小火车，了解铁路的历史。",
            "新的火车站已经在城市的北边建成，旧火车站的列车都改到那里停靠。",
            "城市希望铁路博物馆每年吸引三十万名参观者，让旧火车站周围重新热闹起来。",
            "博物馆的改建费用由城市和铁路公司共同承担，预计需要两年时间才能完成。",
            "他的妹妹喜欢画画。",
        ],
        strays: &[2, 9],
        topic: &["博物馆", "火车站"],
        joint: "",
    },
];

#[test]
fn a_summary_is_whole_sentences_on_the_topic_in_their_order_whatever_the_language() {
    for Sample { language, sentences, strays, topic, joint } in SAMPLES {
        let text = sentences.join(joint);
        let summary = summarize(&text);
        let chosen: Vec<usize> =
            (0..sentences.len()).filter(|at| summary.summary.contains(sentences[*at])).collect();
        let joined: Vec<&str> = chosen.iter().map(|at| sentences[*at]).collect();
        assert_eq!(
            summary.summary,
            joined.join(joint),
            "{language}: whole sentences in the order of the text"
        );
        assert!(summary.summary.chars().count() <= BUDGET_CHARS, "{language}: {}", summary.summary);
        assert!(
            !chosen.is_empty() && chosen.len() < sentences.len() - strays.len(),
            "{language}: {chosen:?}"
        );
        assert!(chosen.iter().all(|at| !strays.contains(at)), "{language}: {}", summary.summary);
        assert!(topic.iter().any(|word| summary.summary.contains(word)), "{language}: {}", summary.summary);
        assert_eq!(summarize(&text), summary, "{language}: the same every time");
        let wrapped = text.replace(". ", ".\n");
        assert_eq!(summarize(&wrapped).summary, summary.summary, "{language}: however its lines are broken");
    }
}

#[test]
fn words_are_counted_as_each_script_writes_them() {
    assert_eq!(summarize("Three little words.").word_count, 3);
    assert_eq!(summarize(&SAMPLES[1].sentences.join(" ")).word_count, 78);
    assert!(summarize(&SAMPLES[5].sentences.concat()).word_count > 100, "Japanese has no spaces to count");
}

#[test]
fn a_short_text_is_its_own_summary_and_a_long_sentence_is_cut_at_a_word() {
    assert_eq!(summarize(" A short\n text. ").summary, "A short text.");
    let one_sentence = format!("The list names {}and nothing else.", "another thing, ".repeat(60));
    let summary = summarize(&one_sentence).summary;
    let kept = summary.strip_suffix('…').unwrap();
    assert!(one_sentence.starts_with(kept) && kept.ends_with(['g', ',', 'r']), "{summary}");
    assert!((150..=BUDGET_CHARS).contains(&kept.chars().count()), "{summary}");
    let one_word = "x".repeat(1_000);
    assert_eq!(summarize(&one_word).summary, format!("{}…", &one_word[..BUDGET_CHARS]));
}

#[test]
fn a_summary_says_nothing_twice() {
    let text = "The reactor was shut down after a leak in the cooling system. \
        Nobody was hurt. \
        After a leak in the cooling system the reactor was shut down. \
        The leak in the cooling system was found when the reactor was inspected by engineers. \
        Engineers inspected every pump and every valve of the system over the weekend. \
        The reactor was shut down because of a leak in the cooling system.";
    let summary = summarize(text).summary;
    assert_eq!(summary.matches("shut down").count(), 1, "{summary}");
}

#[test]
fn summaries_of_the_largest_and_strangest_inputs_come_soon_and_short() {
    let words = ["harbour", "ship", "fee", "quay", "mud", "vote", "town", "fish", "the", "of"];
    let mut state = 7_usize;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        words[(state >> 33) % words.len()]
    };
    let mut long = String::new();
    while long.len() < MAX_INPUT_BYTES - 200 {
        let sentence: Vec<&str> = (0..12).map(|_| word()).collect();
        long.push_str(&format!("The {} ended. ", sentence.join(" ")));
    }
    let inputs = [
        ("many sentences", long),
        ("one-letter sentences", "a. ".repeat(MAX_INPUT_BYTES / 3)),
        ("one word", "x".repeat(MAX_INPUT_BYTES)),
        ("one line without an end", "word ".repeat(MAX_INPUT_BYTES / 5)),
        ("distinct words", (0..40_000).map(|n| format!("w{n} ")).collect()),
        ("line feeds", "\n".repeat(MAX_INPUT_BYTES)),
        ("NUL bytes", "\0".repeat(MAX_INPUT_BYTES)),
        ("full stops", ".".repeat(MAX_INPUT_BYTES)),
        ("ideographs", "漢字。".repeat(MAX_INPUT_BYTES / 9)),
        ("combining marks", "e\u{301}\u{301} ".repeat(MAX_INPUT_BYTES / 6)),
    ];
    for (what, input) in inputs {
        let summary = timed(what, || summarize(&input));
        assert!(summary.summary.chars().count() <= BUDGET_CHARS + 1, "{what}: {}", summary.summary);
    }
}

#[test]
fn english_is_classified_by_its_feeling() {
    for (text, sentiment) in [
        ("This product is amazing and works perfectly.", Sentiment::Positive),
        ("I hate it. The screen broke on the first day and the support was terrible.", Sentiment::Negative),
        ("The box is 20 cm wide.", Sentiment::Neutral),
        ("The food was not good.", Sentiment::Negative),
        ("Amazing!", Sentiment::Positive),
        ("awful", Sentiment::Negative),
        ("Great value, thanks", Sentiment::Positive),
    ] {
        let verdict = classify(text);
        assert_eq!((verdict.sentiment, verdict.language), (sentiment, "en"), "{text}: {verdict:?}");
        assert!(verdict.confidence > 0.2 && verdict.confidence <= 1.0, "{text}: {verdict:?}");
        assert_eq!(verdict.note, None);
    }
}

#[test]
fn a_language_that_the_lexicon_does_not_know_is_named_and_not_judged() {
    for (text, language) in [
        (
            "Dieses Produkt ist großartig und funktioniert einwandfrei, ich würde es sofort wieder kaufen.",
            "de",
        ),
        ("Ce produit est fantastique et fonctionne parfaitement, je le recommande à tous mes amis.", "fr"),
        ("Este producto es horrible, se rompió el primer día y nadie me devolvió el dinero.", "es"),
        ("Этот товар просто ужасен, он сломался в первый же день.", "ru"),
        ("この製品は素晴らしく、完璧に動作します。", "ja"),
        ("这个产品非常好，用起来很方便。", "zh"),
        ("Die Kiste ist 20 cm breit", "de"),
        ("das ist toll", "de"),
        ("me gusta mucho", "es"),
    ] {
        let verdict = classify(text);
        assert_eq!((verdict.sentiment, verdict.language), (Sentiment::Unknown, language), "{text}");
        assert_eq!((verdict.confidence, verdict.note.is_some()), (0.0, true), "{text}");
    }
}

#[test]
fn signs_alone_are_judged_only_if_they_speak() {
    assert_eq!(classify("😍😍😍").sentiment, Sentiment::Positive);
    assert_eq!(classify(":(").sentiment, Sentiment::Negative);
    let digits = classify("12345 67890");
    assert_eq!((digits.sentiment, digits.language), (Sentiment::Unknown, "und"));
}

#[test]
fn the_largest_input_is_classified_soon() {
    let praise = timed("praise", || classify(&"this is a very good and kind of great thing ".repeat(5_900)));
    assert_eq!((praise.sentiment, praise.language), (Sentiment::Positive, "en"));
    for input in
        ["good ".repeat(MAX_INPUT_BYTES / 5), "!".repeat(MAX_INPUT_BYTES), "\0".repeat(MAX_INPUT_BYTES)]
    {
        let verdict = timed("repetition", || classify(&input));
        assert!((0.0..=1.0).contains(&verdict.confidence));
    }
}

fn extracted(text: &str) -> Vec<String> {
    extract_json(text).extracted.iter().map(|value| value.get().to_owned()).collect()
}

#[test]
fn json_in_prose_is_found_at_any_depth_and_keeps_its_numbers_and_keys() {
    let prose = r#"The server said { "b": {"a": [1, {"c": [ ] } ]}, "n": 12345678901234567890123.450 } at noon,
        then ```json
        [ {"text": "brackets ] } in \"strings\" are text"}, null ]
        ``` and at last [1, 2]. It never sent {name} or [see note 3] or a [link](http://x)."#;
    assert_eq!(
        extracted(prose),
        [
            r#"{"b":{"a":[1,{"c":[]}]},"n":12345678901234567890123.450}"#,
            r#"[{"text":"brackets ] } in \"strings\" are text"},null]"#,
            "[1,2]",
        ]
    );
    assert_eq!(extracted("no json at all, \"only\" 'words' (and brackets)"), [""; 0]);
    assert_eq!(extracted(r#"A stray [ before {"a":1} and after ] too"#), [r#"{"a":1}"#]);
}

#[test]
fn broken_json_is_repaired_where_it_clearly_was_json() {
    for (broken, sound) in [
        (r#"{'a': 1, "b": True, c: None,}"#, r#"{"a":1,"b":true,"c":null}"#),
        ("[1, 2, 3,]", "[1,2,3]"),
        (r#"Result: {"a": 1 "b": 2} ok"#, r#"{"a":1,"b":2}"#),
        (r#"Cut off: {"items": [{"id": 1}, {"id": 2"#, r#"{"items":[{"id":1},{"id":2}]}"#),
        (r#"{"a": "unfinished"#, r#"{"a":"unfinished"}"#),
        ("{\"a\": 1, // one\n \"b\": 2}", r#"{"a":1,"b":2}"#),
        (r#"{"n": 007}"#, r#"{"n":"007"}"#),
        (r#"{"x": NaN}"#, r#"{"x":null}"#),
    ] {
        assert_eq!(extracted(broken), [sound], "{broken}");
    }
}

#[test]
fn a_quote_too_many_does_not_swallow_what_follows() {
    let found = extracted(r#"First {"height": "5'10"", "w": 1} and then {"b": 2}."#);
    assert_eq!(found, [r#"{"height":"5'10\"","w":1}"#, r#"{"b":2}"#]);
}

#[test]
fn text_made_to_break_a_parser_breaks_nothing() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(extracted(&deep(127)), [deep(127)]);
    assert_eq!(extracted(&deep(129)), [""; 0]);
    assert_eq!(
        extracted(&format!("{} {{\"a\":1}}", deep(20_000))),
        [r#"{"a":1}"#],
        "what is too deep is passed over"
    );

    let mib = 1 << 20;
    let hostile = [
        ("openers", "[".repeat(mib)),
        ("braces", "{".repeat(mib)),
        ("keys", r#"{"a":"#.repeat(mib / 5)),
        ("bare keys", "{a:".repeat(mib / 3)),
        ("arrays of strings", "[\"".repeat(mib / 2)),
        ("quotes", "\"".repeat(mib)),
        ("closers", "]}".repeat(mib / 2)),
        ("backslashes", format!("{{\"a\":\"{}", "\\".repeat(mib))),
        ("an open string", format!("{{\"a\":\"{}", "x".repeat(mib))),
        ("NUL bytes", "{\0".repeat(mib / 2)),
        ("single quotes", "['{[".repeat(mib / 4)),
        ("comments", "[/*{".repeat(mib / 4)),
        ("calls", "[a(".repeat(mib / 3)),
        ("fences", "{```[".repeat(mib / 5)),
    ];
    for (what, text) in hostile {
        let whole = timed(what, || extract_json(&text));
        assert!(whole.count <= MAX_VALUES, "{what}");
        let part = &text[..text.floor_char_boundary(5_500)];
        timed(what, || extract_json(part)); // small enough for the steps to reach its end
    }
}

#[test]
fn random_brackets_and_quotes_break_nothing_and_whatever_is_found_is_json() {
    let alphabet = [
        "{", "[", "}", "]", "\"", "'", ":", ",", "a", "1", "\\", " ", "/*", "*/", "//", "(", ")", "\n",
        "```", "é",
    ];
    let mut state = 42_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for round in 0..300 {
        let length = 1 + next(if round % 30 == 0 { 20_000 } else { 400 });
        let opening = if round % 3 == 0 { "{\"a\":" } else { "" };
        let text: String =
            opening.chars().chain((0..length).flat_map(|_| alphabet[next(alphabet.len())].chars())).collect();
        for value in timed("random text", || extract_json(&text)).extracted {
            let parsed: serde_json::Value = serde_json::from_str(value.get()).unwrap();
            assert!(parsed.is_object() || parsed.is_array(), "{value}");
        }
    }
}

#[test]
fn the_count_of_values_is_bounded_and_says_so() {
    let many = extract_json(&"{} ".repeat(MAX_VALUES + 5));
    assert_eq!((many.count, many.extracted.len(), many.truncated), (MAX_VALUES, MAX_VALUES, true));
    let all = extract_json(&"{} ".repeat(MAX_VALUES));
    assert_eq!((all.count, all.truncated), (MAX_VALUES, false));
}

#[tokio::test]
async fn the_outputs_have_the_dialects_forms() {
    let classified = r#"{"job_type":"TASK","task_type":"classify","input":"This product is amazing and works perfectly."}"#;
    let outcome = run(classified).await.unwrap();
    assert_eq!(outcome.output.get(), r#"{"sentiment":"positive","confidence":0.8402,"language":"en"}"#);
    assert_eq!((outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.sampler), (0, 0, None));
    assert!(outcome.model.name.starts_with("docket-tasks/"));

    let neutral = r#"{"job_type":"TASK","task_type":"classify","input":"The box is 20 cm wide."}"#;
    assert_eq!(
        run(neutral).await.unwrap().output.get(),
        r#"{"sentiment":"neutral","confidence":1,"language":"en"}"#
    );
    let german = r#"{"job_type":"TASK","task_type":"classify","input":"Dieses Produkt ist großartig und funktioniert einwandfrei."}"#;
    assert_eq!(
        run(german).await.unwrap().output.get(),
        r#"{"sentiment":"unknown","confidence":0,"language":"de","note":"only English is understood"}"#
    );
    let summarized = r#"{"job_type":"TASK","task_type":"summarize","input":"One line.\nAnd \"another\"."}"#;
    assert_eq!(
        run(summarized).await.unwrap().output.get(),
        r#"{"summary":"One line. And \"another\".","word_count":4}"#
    );
    let extracted = r#"{"job_type":"TASK","task_type":"extract_json","input":"a {\"b\": [1, 2]} c"}"#;
    assert_eq!(run(extracted).await.unwrap().output.get(), r#"{"extracted":[{"b":[1,2]}],"count":1}"#);
}

#[tokio::test]
async fn the_engine_offers_tasks_only_and_hears_a_cancel() {
    assert_eq!(Tasks.offer().capabilities(), [Capability::Task]);
    let asked = run(r#"{"job_type":"LLM_INFER","prompt":"Hi"}"#).await;
    assert!(matches!(asked, Err(EngineError::Unsupported(_))));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let (sink, _) = mpsc::channel(1);
    let task = Request::from_payload(r#"{"job_type":"TASK","task_type":"summarize","input":"x"}"#).unwrap();
    assert!(matches!(Tasks.run(task, sink, cancel).await, Err(EngineError::Cancelled)));
}
