package org.ingestimage.recipe;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.ingestimage.common.SafeText;

/** The part of JSON Schema that compares numbers: ranges and sizes. */
final class SchemaNumbers {

    private SchemaNumbers() {}

    static String rangeProblem(Map<String, Object> schema, Number value, String name) {
        Number least = number(schema, "minimum");
        Number most = number(schema, "maximum");
        Number above = number(schema, "exclusiveMinimum");
        Number below = number(schema, "exclusiveMaximum");
        boolean wrong = least != null && compare(value, least) < 0
            || most != null && compare(value, most) > 0
            || above != null && compare(value, above) <= 0
            || below != null && compare(value, below) >= 0;
        if (wrong == false) {
            return null;
        }
        List<String> bounds = new ArrayList<>();
        if (least != null && most != null) {
            bounds.add("between " + least + " and " + most);
        } else if (least != null) {
            bounds.add("at least " + least);
        } else if (most != null) {
            bounds.add("at most " + most);
        }
        if (above != null) {
            bounds.add("greater than " + above);
        }
        if (below != null) {
            bounds.add("less than " + below);
        }
        return name + " must be " + String.join(" and ", bounds) + ", got [" + SafeText.shown(value) + "]";
    }

    static String sizeProblem(Map<String, Object> schema, String leastKey, String mostKey, int size, String unit, String name) {
        Number least = number(schema, leastKey);
        Number most = number(schema, mostKey);
        boolean tooFew = least != null && size < least.longValue();
        boolean tooMany = most != null && size > most.longValue();
        if (tooFew == false && tooMany == false) {
            return null;
        }
        return name + " must have " + (tooFew ? "at least " + least : "at most " + most) + " " + unit + ", got [" + size + "]";
    }

    /** As JSON Schema has it, 2.0 is an integer. */
    static boolean isInteger(Number value) {
        return isNumber(value) && decimal(value).stripTrailingZeros().scale() <= 0;
    }

    static boolean same(Object left, Object right) {
        return left instanceof Number a && right instanceof Number b && isNumber(b) ? compare(a, b) == 0 : Objects.equals(left, right);
    }

    private static int compare(Number left, Number right) {
        return decimal(left).compareTo(decimal(right));
    }

    private static BigDecimal decimal(Number value) {
        return new BigDecimal(value.toString());
    }

    /** JSON has neither infinity nor NaN, but 1e999 is read as one. */
    static boolean isNumber(Number value) {
        return Double.isFinite(value.doubleValue());
    }

    private static Number number(Map<String, Object> schema, String keyword) {
        return schema.get(keyword) instanceof Number number ? number : null;
    }
}
