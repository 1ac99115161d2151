// test_json_write - documents of the JSON writer, byte for byte.
#include <criterion/criterion.h>
#include <math.h>

#include "sim/base/json_write.h"

Test(json_write, nests_with_two_blanks_and_ends_its_last_line)
{
    struct json_write json;
    json_write_init(&json);
    json_write_object(&json, NULL);
    json_write_text(&json, "name", "shop");
    json_write_array(&json, "list");
    json_write_integer(&json, NULL, 18446744073709551615ULL);
    json_write_bool(&json, NULL, true);
    json_write_end(&json);
    json_write_object(&json, "empty");
    json_write_end(&json);
    json_write_end(&json);
    cr_assert_str_eq(json_write_get(&json),
                     "{\n  \"name\": \"shop\",\n  \"list\": [\n    "
                     "18446744073709551615,\n    true\n  ],\n  \"empty\": {}\n}\n");
    json_write_release(&json);
}

Test(json_write, keeps_an_inline_container_and_all_in_it_on_one_line)
{
    struct json_write json;
    json_write_init(&json);
    json_write_object(&json, NULL);
    json_write_object_inline(&json, "p99");
    json_write_number(&json, "value", 0.1);
    json_write_array_inline(&json, "ci");
    json_write_number(&json, NULL, 0.05);
    json_write_number(&json, NULL, 0.15);
    json_write_end(&json);
    json_write_end(&json);
    json_write_null(&json, "next");
    json_write_end(&json);
    cr_assert_str_eq(json_write_get(&json),
                     "{\n  \"p99\": {\"value\": 0.1, \"ci\": [0.05, 0.15]},\n"
                     "  \"next\": null\n}\n");
    json_write_release(&json);
}

Test(json_write, writes_what_is_not_finite_as_null)
{
    struct json_write json;
    json_write_init(&json);
    json_write_array_inline(&json, NULL);
    json_write_number(&json, NULL, (double)NAN);
    json_write_number(&json, NULL, (double)INFINITY);
    json_write_number(&json, NULL, 1e300);
    json_write_text(&json, NULL, NULL);
    json_write_end(&json);
    cr_assert_str_eq(json_write_get(&json), "[null, null, 1e+300, null]\n");
    json_write_release(&json);
}

Test(json_write, escapes_quotes_controls_and_stray_bytes)
{
    struct json_write json;
    json_write_init(&json);
    json_write_array_inline(&json, NULL);
    json_write_text(&json, NULL, "a\"b\\c\nd\te\x01 \xc3\xa9 \xff");
    json_write_end(&json);
    cr_assert_str_eq(json_write_get(&json),
                     "[\"a\\\"b\\\\c\\nd\\u0009e\\u0001 \xc3\xa9 \\ufffd\"]\n");
    json_write_release(&json);
}
