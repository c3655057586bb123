use super::*;

const S3: &str = "ExtendedS3DestinationConfiguration";

#[test]
fn a_member_is_found_by_its_path_through_structures_and_lists() {
    assert!(matches!(
        shape_of(&[S3, "S3BackupMode"]),
        Some(Shape::Enum(["Disabled", "Enabled"]))
    ));
    let processors = [S3, "ProcessingConfiguration", "Processors"];
    let kind = shape_of(&[&processors[..], &["Type"]].concat());
    assert!(matches!(kind, Some(Shape::Enum(kinds)) if kinds.len() == 6));
    assert!(matches!(
        shape_of(&[S3, "BufferingHints", "SizeInMBs"]),
        Some(Shape::Integer(1, 128))
    ));
    for nowhere in [
        &[][..],
        &["Nothing"],
        &["DeliveryStreamName", "x"],
        &[S3, "prefix"],
    ] {
        assert!(shape_of(nowhere).is_none(), "{nowhere:?}");
    }
}

#[test]
fn patterns_take_what_they_give_as_an_example() {
    fn check(shape: &Shape) {
        match shape {
            Shape::Text(text) => {
                if let Some(pattern) = &text.pattern {
                    assert!((pattern.matches)(pattern.example), "{}", pattern.text);
                    assert!(!(pattern.matches)(""), "{}", pattern.text);
                }
            }
            Shape::List(element, ..) => check(element),
            Shape::Struct(fields) => fields.iter().for_each(|field| check(&field.shape)),
            _ => {}
        }
    }
    check(&Shape::Struct(CREATE_DELIVERY_STREAM));
}
