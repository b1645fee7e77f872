#include "src/vision/view_features_shim.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>
#include <vector>

#include <opencv2/calib3d.hpp>
#include <opencv2/core.hpp>
#include <opencv2/core/ocl.hpp>
#include <opencv2/features2d.hpp>
#include <opencv2/imgproc.hpp>

namespace
{

constexpr int width = 320, height = 240; // view_thumb.h, which is C's alone
constexpr int cells = VG_VIEW_CELL_COLUMNS * VG_VIEW_CELL_ROWS;
constexpr int corners_looked_at = 1200;
constexpr int levels = 5; // of the pyramid, 1.2 apart
constexpr int corner_least = 12;
constexpr int window = 31; // of the local mean and deviation
constexpr double deviation_least = 6, deviation_made = 40;
constexpr float ratio = 0.8F;
constexpr double reach_px = 3;
constexpr int tries_max = 1000;
constexpr double sure = 0.995;
constexpr unsigned rounds = 2, matches_least = 6;

int say_nothing(int, const char *, const char *, const char *, int, void *)
{
    return 0;
}

void calm_opencv()
{
    static const bool once = [] {
        cv::setNumThreads(1);
        cv::redirectError(say_nothing);
        return true;
    }();
    (void)once;
    cv::ocl::setUseOpenCL(false); // of this thread
}

// Runs what may throw; nothing passes.
template <typename F> enum vg_status guarded(F &&work) noexcept
{
    try {
        calm_opencv();
        work();
        return VG_OK;
    } catch (const std::bad_alloc &) {
        return VG_E_MEMORY;
    } catch (const cv::Exception &e) {
        return e.code == cv::Error::StsNoMem ? VG_E_MEMORY : VG_E_LACK;
    } catch (...) {
        return VG_E_LACK;
    }
}

// Grey of equal mean and contrast everywhere: dusk and shadows keep their corners.
cv::Mat even_out(const cv::Mat &luma)
{
    cv::Mat grey, mean, square, deviation, even;
    luma.convertTo(grey, CV_32F);
    cv::boxFilter(grey, mean, -1, {window, window});
    cv::boxFilter(grey.mul(grey), square, -1, {window, window});
    cv::sqrt(cv::max(square - mean.mul(mean), 0), deviation);
    const cv::Mat flat = (grey - mean) / (deviation + deviation_least) * deviation_made + 128;
    flat.convertTo(even, CV_8U);
    return even;
}

int cell_of(float x, float y)
{
    const int column =
        std::clamp(int(x) * VG_VIEW_CELL_COLUMNS / width, 0, VG_VIEW_CELL_COLUMNS - 1);
    const int row = std::clamp(int(y) * VG_VIEW_CELL_ROWS / height, 0, VG_VIEW_CELL_ROWS - 1);
    return row * VG_VIEW_CELL_COLUMNS + column;
}

// The strongest of each cell; ties by place, so that the order is one.
std::vector<cv::KeyPoint> choose(std::vector<cv::KeyPoint> found)
{
    const auto before = [](const cv::KeyPoint &a, const cv::KeyPoint &b) {
        const int ca = cell_of(a.pt.x, a.pt.y), cb = cell_of(b.pt.x, b.pt.y);
        if (ca != cb)
            return ca < cb;
        if (a.response > b.response || a.response < b.response)
            return a.response > b.response;
        return a.pt.y < b.pt.y || (!(b.pt.y < a.pt.y) && a.pt.x < b.pt.x);
    };
    std::stable_sort(found.begin(), found.end(), before);
    std::vector<cv::KeyPoint> chosen;
    std::array<int, cells> count{};
    for (const cv::KeyPoint &k : found)
        if (count.at(size_t(cell_of(k.pt.x, k.pt.y)))++ < VG_VIEW_FEATURES_PER_CELL)
            chosen.push_back(k);
    return chosen;
}

cv::Mat codes_of(const vg_view_features &f)
{
    cv::Mat codes(int(f.count), VG_VIEW_CODE_BYTES, CV_8U);
    if (f.count)
        std::memcpy(codes.data, f.code, size_t(f.count) * VG_VIEW_CODE_BYTES);
    return codes;
}

struct pairs {
    std::vector<cv::Point2f> from, to;
};

pairs pair_up(const vg_view_features &from, const vg_view_features &to)
{
    pairs p;
    if (from.count < 2 || to.count < 2)
        return p;
    std::vector<std::vector<cv::DMatch>> nearest;
    cv::BFMatcher(cv::NORM_HAMMING).knnMatch(codes_of(from), codes_of(to), nearest, 2);
    for (const auto &n : nearest) {
        if (n.size() < 2 || n[0].distance >= ratio * n[1].distance)
            continue;
        const auto a = size_t(n[0].queryIdx), b = size_t(n[0].trainIdx);
        p.from.emplace_back(from.x[a], from.y[a]);
        p.to.emplace_back(to.x[b], to.y[b]);
    }
    return p;
}

// Mean way of the picture's corners; negative for what no camera does: folded or far off.
double shift_of(const cv::Mat &matrix)
{
    const std::vector<cv::Point2f> at = {{0, 0}, {width, 0}, {width, height}, {0, height}};
    std::vector<cv::Point2f> gone;
    cv::perspectiveTransform(at, gone, matrix);
    double way = 0;
    for (size_t i = 0; i < at.size(); i++) {
        const double x = (double(gone[i].x) - double(at[i].x)) / width;
        const double y = (double(gone[i].y) - double(at[i].y)) / height;
        way += std::hypot(x, y) / double(at.size());
    }
    // signed: a mirrored picture has an area of the other sign
    const double scale = cv::contourArea(gone, true) / cv::contourArea(at, true);
    const bool whole = cv::isContourConvex(gone) && scale > 0.04 && scale < 25;
    return whole && std::isfinite(way) ? way : -1;
}

// One model for the pairs, which lose those that it explains.
vg_view_match fit(pairs &p)
{
    vg_view_match m{};
    std::vector<uchar> fits;
    m.matrix[0][0] = m.matrix[1][1] = m.matrix[2][2] = 1;
    if (p.from.size() < matches_least)
        return m;
    const cv::Mat h = cv::findHomography(p.from, p.to, cv::RANSAC, reach_px, fits, tries_max, sure);
    const double shift = h.empty() ? -1 : shift_of(h);
    if (shift < 0)
        return m;
    pairs rest;
    std::array<bool, cells> met{};
    for (size_t i = 0; i < fits.size(); i++) {
        if (!fits[i]) {
            rest.from.push_back(p.from[i]);
            rest.to.push_back(p.to[i]);
            continue;
        }
        m.inliers++;
        met.at(size_t(cell_of(p.from[i].x, p.from[i].y))) = true;
    }
    for (int i = 0; i < 9; i++)
        m.matrix[i / 3][i % 3] = h.at<double>(i / 3, i % 3);
    m.cells = uint32_t(std::count(met.begin(), met.end(), true));
    m.shift = shift;
    p = rest;
    return m;
}

void find(const uint8_t *luma, vg_view_features &out)
{
    cv::Mat grey(height, width, CV_8U);
    std::memcpy(grey.data, luma, size_t(width) * height);
    const cv::Mat even = even_out(grey);
    const auto orb = cv::ORB::create(corners_looked_at, 1.2F, levels, 8, 0, 2,
                                     cv::ORB::HARRIS_SCORE, 31, corner_least);
    std::vector<cv::KeyPoint> found;
    orb->detect(even, found);
    found = choose(std::move(found));
    cv::Mat codes;
    orb->compute(even, found, codes);
    out.count = uint32_t(std::min<size_t>(found.size(), VG_VIEW_FEATURES_MAX));
    for (uint32_t i = 0; i < out.count; i++) {
        out.x[i] = found[i].pt.x;
        out.y[i] = found[i].pt.y;
        std::memcpy(out.code[i], codes.ptr(int(i)), VG_VIEW_CODE_BYTES);
    }
}

void match_up(const vg_view_features &from, const vg_view_features &to, vg_view_match &out)
{
    pairs p = pair_up(from, to);
    const auto matches = uint32_t(p.from.size());
    out = fit(p);
    for (unsigned i = 1; i < rounds && out.inliers; i++) {
        const vg_view_match other = fit(p);
        if (other.cells > out.cells)
            out = other;
    }
    out.matches = matches;
}

} // namespace

enum vg_status vg_view_features_find(const uint8_t *luma, struct vg_view_features *features)
{
    std::memset(features, 0, sizeof *features);
    return guarded([&] { find(luma, *features); });
}

enum vg_status vg_view_features_match(const struct vg_view_features *from,
                                      const struct vg_view_features *to,
                                      struct vg_view_match *match)
{
    *match = vg_view_match{};
    match->matrix[0][0] = match->matrix[1][1] = match->matrix[2][2] = 1;
    return guarded([&] { match_up(*from, *to, *match); });
}
