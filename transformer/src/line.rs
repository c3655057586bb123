/// Takes the white space outside strings out of `out[start..]`, which is JSON: one line is left.
pub(crate) fn compact(out: &mut Vec<u8>, start: usize) {
    let mut in_string = false;
    let mut escaped = false;
    let mut end = start;
    for at in start..out.len() {
        let byte = out[at];
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else {
            in_string = byte == b'"';
        }
        out[end] = byte;
        end += 1;
    }
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_outside_strings_only() {
        let mut out = b"before \n{ \"a b\" : [ 1,\r\n\t2 ] ,\n \"\\\" \\\\\" : \" \\n\" }".to_vec();
        compact(&mut out, 8);
        insta::assert_snapshot!(str::from_utf8(&out).unwrap(), @r#"
        before 
        {"a b":[1,2],"\" \\":" \n"}
        "#);
    }
}
