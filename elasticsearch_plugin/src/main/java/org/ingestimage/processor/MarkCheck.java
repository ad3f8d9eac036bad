package org.ingestimage.processor;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.StoredPicture;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;

/**
 * What the service has signed about one picture of a document (docs/wire.md).
 *
 * <p>Every signature is over the stored bytes: those of `data`, or, where the target holds no picture, over the hash of them that is there in
 * its place. So a mark that was copied from elsewhere speaks of what was there, and of nothing else.
 */
final class MarkCheck {

    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern RECIPE = Pattern.compile("[0-9a-f]{32}");
    private static final int LONGEST_KEY = 1000;

    private final ProcessorEnvironment environment;
    private final Map<String, Object> existing;
    private final String recipe;
    /** Hash of the recipe without some of what is pending, if the document says that it made the picture; else null. */
    private final String earlier;
    private final Map<String, Object> renewed = new HashMap<>();
    /** SHA-256 of the stored bytes, null when it is not known. */
    private final String stored;
    private final Object plain;
    private final boolean made;
    /** Where the target says that the picture is in the store, null when it does not. */
    private final String key;
    /** Hash of the recipe by which the mark is valid, null when it is not. */
    private final String by;
    private final StoredPicture original;

    /**
     * @param options of the processor
     * @param existing the target before
     * @param pending names of the recipe's properties that the picture is still to get: a recipe without some of them made the same picture
     */
    MarkCheck(Options options, ProcessorEnvironment environment, Map<String, Object> existing, List<String> pending) {
        this.environment = environment;
        this.existing = existing;
        this.recipe = options.recipe().hash();
        this.earlier = existing.get(TargetFields.RECIPE) instanceof String named && named.equals(recipe) == false ? earlier(options, pending, named) : null;
        Object data = existing.get(TargetFields.DATA);
        // The cheap question first: most documents carry no mark, and decoding costs.
        byte[] bytes = existing.get(TargetFields.MARK) instanceof String ? bytes(data) : null;
        this.stored = bytes != null ? Sha256.hex(bytes) : data == null ? hash(existing.get(TargetFields.SHA256)) : null;
        this.key = existing.get(TargetFields.STORED) instanceof String text && text.length() <= LONGEST_KEY ? text : null;
        this.by = maker();
        this.made = recipe.equals(by);
        if (made && earlier != null) {
            adopt();
        }
        this.original = by == null ? null : madeFromOriginal();
        this.plain = by != null && bytes != null ? PictureData.plain(data, bytes) : data;
    }

    /** `named`, if it is the hash of the recipe without some of these properties. There are few that can be pending, so few hashes are made. */
    private static String earlier(Options options, List<String> pending, String named) {
        for (int some = 1; some < 1 << pending.size(); some++) {
            List<String> chosen = BitSet.valueOf(new long[] { some }).stream().mapToObj(pending::get).toList();
            List<Object> left = options.recipe().properties().stream().filter(entry -> chosen.contains(RecipeSchema.name(entry)) == false).toList();
            if (named.equals(Recipe.of(options.recipe().operations(), left).hash())) {
                return named;
            }
        }
        return null;
    }

    /** Has the picture be one of this recipe, with what else was signed about it. */
    private void adopt() {
        renewed.put(TargetFields.RECIPE, recipe);
        String source = existing.get(TargetFields.ORIGINAL) instanceof Map<?, ?> original ? hash(original.get(TargetFields.SHA256)) : null;
        boolean known = source != null && holds(TargetFields.SOURCE_MARK, maker -> Marks.madeFrom(maker, source, stored));
        if (known == false && existing.get(TargetFields.URL) instanceof String url) {
            madeFromAddress(url);
        }
    }

    /** Whether the target is about a picture that came out of the recipe, whether or not it holds the picture. */
    boolean made() {
        return made;
    }

    /** The picture in the store, whichever recipe made it; null when there is none that a mark covers. */
    StoredPicture kept() {
        return key == null || by == null ? null : new StoredPicture(key, stored, by, (String) renewed.get(TargetFields.MARK));
    }

    /** The original in the store that the target's picture was made from by its recipe and nothing else; null when there is none. */
    StoredPicture original() {
        return original;
    }

    /** The same; what is signed of it is signed again if that was by the previous token. */
    private StoredPicture madeFromOriginal() {
        if (existing.get(TargetFields.ORIGINAL) instanceof Map == false) {
            return null;
        }
        Map<?, ?> named = (Map<?, ?>) existing.get(TargetFields.ORIGINAL);
        String source = hash(named.get(TargetFields.SHA256));
        if (source == null || named.get(TargetFields.STORED) instanceof String == false) {
            return null;
        }
        String at = (String) named.get(TargetFields.STORED);
        Marks marks = environment.client().marks();
        String mark = at.contains(source) ? marks.valid(existing.get(TargetFields.ORIGINAL_MARK), Marks.original(at)) : null;
        // After one-off operations the picture was made from itself.
        Object before = earlier != null && made ? renewed.get(TargetFields.SOURCE_MARK) : existing.get(TargetFields.SOURCE_MARK);
        String from = mark == null ? null : marks.valid(before, Marks.madeFrom(by, source, stored));
        if (from == null) {
            return null;
        }
        renewed.put(TargetFields.SOURCE_MARK, from);
        renewed.put(TargetFields.ORIGINAL_MARK, mark);
        return new StoredPicture(at, source, null, mark);
    }

    /** The recipe by which the mark is valid: the pipeline's, or else the one that the document names; null when there is none. */
    private String maker() {
        if (stored == null || holds(TargetFields.MARK, this::signed)) {
            return stored == null ? null : recipe;
        }
        Object before = existing.get(TargetFields.RECIPE);
        boolean named = before instanceof String text && RECIPE.matcher(text).matches() && text.equals(recipe) == false;
        return named && holds(TargetFields.MARK, maker -> signed((String) before)) ? (String) before : null;
    }

    /** What the mark of a recipe signs. */
    private String signed(String maker) {
        return key == null ? Marks.made(maker, stored) : Marks.kept(maker, stored, key);
    }

    /** Whether the target is about what was made from this very source. */
    boolean madeFrom(Object source) {
        byte[] bytes = made && existing.get(TargetFields.SOURCE_MARK) instanceof String ? bytes(source) : null;
        return bytes != null && holds(TargetFields.SOURCE_MARK, maker -> Marks.madeFrom(maker, bytes, stored));
    }

    /** Whether the target is about what was made from what is at this address. */
    boolean madeFromAddress(String url) {
        return made && holds(TargetFields.SOURCE_MARK, maker -> Marks.madeFromAddress(maker, url, stored));
    }

    /** Whether what the target shows beside the picture, if anything, is of this picture. */
    boolean vouchesForAll() {
        return environment.schema().pictures().keySet().stream().allMatch(this::vouchesFor);
    }

    /** Whether this field of the schema's `pictures`, if it is there, is of this picture. */
    boolean vouchesFor(String field) {
        Object value = existing.get(field);
        Integer longest = environment.schema().pictures().get(field);
        if (value == null || longest != null) {
            return value == null || value instanceof String text && text.length() <= longest;
        }
        byte[] bytes = made && field.equals(TargetFields.THUMBNAIL) ? bytes(value) : null;
        // A data URL would have room for another picture in its parameters.
        boolean plain = bytes != null && PictureData.plain(value, bytes) == value;
        return plain && holds(TargetFields.THUMBNAIL_MARK, maker -> Marks.thumbnail(maker, stored, bytes));
    }

    /** Whether the data is what the document itself says that it stores. No signature: it tells an old picture from a new one, that is all. */
    static boolean isAsHashed(Map<String, Object> target) {
        byte[] bytes = target.get(TargetFields.SHA256) instanceof String ? decoded(target.get(TargetFields.DATA)) : null;
        return bytes != null && Sha256.hex(bytes).equals(target.get(TargetFields.SHA256));
    }

    /** The data of the valid mark, by whichever recipe, as nothing but base64. */
    Object plainData() {
        return plain;
    }

    /** The marks that were valid, those of the previous token signed again. */
    Map<String, Object> marks() {
        return renewed;
    }

    /**
     * @param message what is signed, by the hash of a recipe
     */
    private boolean holds(String name, UnaryOperator<String> message) {
        Marks marks = environment.client().marks();
        String mark = marks.valid(existing.get(name), message.apply(recipe));
        if (mark == null && earlier != null && marks.valid(existing.get(name), message.apply(earlier)) != null) {
            mark = marks.sign(message.apply(recipe));
        }
        if (mark != null) {
            renewed.put(name, mark);
        }
        return mark != null;
    }

    /** A result may be larger than what comes in may be; but what could never have been an answer is not even hashed. */
    private byte[] bytes(Object data) {
        return PictureData.is(data) && PictureData.exceeds(data, environment.client().maxResponseBytes()) == false ? PictureData.decode(data) : null;
    }

    private static byte[] decoded(Object data) {
        return PictureData.is(data) ? PictureData.decode(data) : null;
    }

    private static String hash(Object value) {
        return value instanceof String text && HASH.matcher(text).matches() ? text : null;
    }
}
