package org.ingestimage.picture;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;

/**
 * A picture under a name that differs from the right one in upper and lower case only, as in `{"image": {"Data": ...}}`.
 * To Elasticsearch that is another field: the picture would be stored as it came, without a word.
 */
public final class OtherCase {

    private OtherCase() {}

    /** Refuses such a picture in the object of one, also beside its `data`: whoever updates a stored picture meant to replace that. */
    public static void refuse(Object picture) throws Failure {
        Map<String, Object> others = TargetFields.copy(picture);
        others.remove(TargetFields.DATA);
        refuse(others, TargetFields.DATA, part -> false);
    }

    /** Refuses a document with such a picture on the way from `value`, without a look into what is `known` to be stored as it should be. */
    public static void refuse(Object value, String way, Predicate<Object> known) throws Failure {
        String found = find(value, way, known);
        if (found != null) {
            throw new Failure(Code.MISSING_DATA, "[" + SafeText.shown(found) + "] is not read: names are told apart by case; write it as [" + way + "]");
        }
    }

    /**
     * The name under which there is such a picture, as the document writes it; null when there is none.
     *
     * <p>It goes no deeper than `way` has names, and a list at each: lists in each other, which could overflow the stack and so end the node, are no
     * list of pictures.
     *
     * @param way to the picture, such as `image.data`; also what stands where its last name is to stand is looked at, as in `{"Image": "..."}`
     */
    private static String find(Object value, String way, Predicate<Object> known) {
        if (known.test(value)) {
            return null;
        }
        if (PictureData.looksLike(value)) {
            return way.isEmpty() || way.equals(TargetFields.DATA) ? "" : null;
        }
        if (value instanceof List<?> list) {
            for (Object element : list) {
                String found = element instanceof List ? null : find(element, way, known);
                if (found != null) {
                    return found;
                }
            }
        }
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String name = String.valueOf(entry.getKey());
                String found = begins(way, name) ? find(entry.getValue(), way.substring(Math.min(way.length(), name.length() + 1)), known) : null;
                if (found != null) {
                    return found.isEmpty() ? name : name + "." + found;
                }
            }
        }
        return null;
    }

    private static boolean begins(String way, String name) {
        boolean whole = way.length() == name.length() || way.length() > name.length() && way.charAt(name.length()) == '.';
        return whole && way.isEmpty() == false && way.regionMatches(true, 0, name, 0, name.length());
    }
}
